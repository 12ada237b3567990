"""The tools and resources about projects and work: open, look, read results, lease an item and complete it."""

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from mcp_server.asking import OPEN, RequestKey
from mcp_server.rest import Caller, Refusal, current

MOST_ROWS = "200"
LONGEST_LEASE, LONGEST_WAIT = 3600, 30
Project = Annotated[UUID, Field(description="The id of the project.")]


class Status(BaseModel):
    """A project, its items, and the questions that are open in it."""

    project: dict[str, Any]
    items: list[dict[str, Any]]
    open_questions: list[dict[str, Any]]


class Opened(BaseModel):
    """A project that was opened."""

    project: str
    status: str
    title: str


class Leased(BaseModel):
    """An item to work on; `lease` is null if there was none."""

    lease: str | None = None
    expires_at: str | None = None
    item: dict[str, Any] | None = None
    work_context: dict[str, Any] | None = Field(default=None, description="The facts for the work.")


class Completed(BaseModel):
    """The state of the item after your report: DONE, or what it waits for."""

    state: str


# -- projects --------------------------------------------------------------------------------------
async def open_project(
    request_text: Annotated[str, Field(min_length=1, max_length=100_000, description="What is to be found out.")],
    title: Annotated[str, Field(max_length=200)] = "",
    template: Annotated[str, Field(max_length=60, description="The kind of work; `audit` if left out.")] = "",
    work_context: Annotated[
        dict[str, Any] | None, Field(description="Facts such as `hourly_rate`, `currency` and the task list as `rows`.")
    ] = None,
    request_key: RequestKey = "",
) -> Opened:
    """Open a project with your request. What is missing for the work is asked of people; the work begins at once."""
    body: dict[str, Any] = {"request_text": request_text}
    body |= {
        name: value
        for name, value in (("title", title), ("template", template), ("work_context", work_context))
        if value
    }
    opened = await current.get().post("projects", body, key=request_key)
    return Opened(project=opened["id"], status=opened["status"], title=opened["title"])


async def project_status(project: Project) -> Status:
    """Return how far a project is: its status, its items, and the questions that wait for a person."""
    return await status_of(current.get(), project)


async def get_deliverable(
    project: Project,
    type: Annotated[str, Field(max_length=100, description="Such as `cost_analysis`; left out: the newest one.")] = "",
) -> dict[str, Any]:
    """Return the newest deliverable of a project, with its content."""
    caller = current.get()
    query = {"project": str(project), "limit": "1", **({"type": type} if type else {})}
    found = (await caller.get("deliverables", **query))["results"]
    if not found:
        raise Refusal("There is no such deliverable yet: `project_status` shows how far the project is.")
    shown: dict[str, Any] = await caller.get(f"deliverables/{found[0]['id']}")
    return shown


# -- work ------------------------------------------------------------------------------------------
async def lease_work(
    agent: Annotated[
        str, Field(max_length=100, description="The agent whose items you do; your key has the scope `work:AGENT`.")
    ],
    seconds: Annotated[int, Field(ge=1, le=LONGEST_LEASE, description="How long you hold the item.")] = 600,
    wait_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT, description="How long to wait if there is no item.")] = 0,
) -> Leased:
    """Take an item of work for yourself alone, until you complete it, ask about it, or the lease ends."""
    wanted = {"agent": agent, "seconds": seconds, "wait": wait_seconds}
    found = (await current.get().post("work/lease", wanted))["items"]
    return Leased(**found[0]) if found else Leased()


async def complete_work(
    lease: UUID,
    deliverable_type: Annotated[str, Field(max_length=100, description="The kind of your result.")] = "",
    content: Annotated[dict[str, Any] | None, Field(description="Your result, with `deliverable_type`.")] = None,
    confidence: Annotated[float, Field(ge=0, le=1, description="How sure you are of it.")] = 0.5,
    evidence: Annotated[
        dict[str, Any] | None, Field(description="Values for the criteria of the item's definition of done.")
    ] = None,
) -> Completed:
    """Hand in your result and report the item as finished. Sent again for the same lease, it has no second effect."""
    caller = current.get()
    if content is not None:
        made = {"type": deliverable_type, "content": content, "confidence": confidence}
        await caller.post(f"work/{lease}/deliverables", made, key=f"mcp deliverable {lease}")
    state = await caller.post(f"work/{lease}/complete", {"evidence": evidence or {}}, key=f"mcp complete {lease}")
    return Completed(state=state["state"])


# -- resources -------------------------------------------------------------------------------------
async def projects() -> str:
    """The newest projects that the account may see, as JSON."""
    return as_text((await current.get().get("projects"))["results"])


async def project(project: str) -> str:
    """A project with its items and open questions, as JSON."""
    return (await status_of(current.get(), project_id(project))).model_dump_json()


async def report(project: str) -> str:
    """The report of a project, as JSON."""
    return as_text(await current.get().get(f"projects/{project_id(project)}/report", format="json"))


# -- functions -------------------------------------------------------------------------------------
async def status_of(caller: Caller, project: UUID) -> Status:
    """Return the project with its first 200 items and open questions. Raises Refusal."""
    of_it = {"project": str(project), "limit": MOST_ROWS}
    return Status(
        project=await caller.get(f"projects/{project}"),
        items=(await caller.get("items", **of_it))["results"],
        open_questions=(await caller.get("questions", **of_it, status=OPEN))["results"],
    )


def project_id(text: str) -> UUID:
    """Return the id that an address of a resource names. Raises Refusal."""
    try:
        return UUID(text)
    except ValueError:
        raise Refusal("The address names no project: it has the form interlock://projects/ID.") from None


def as_text(value: Any) -> str:
    """Return the value as JSON."""
    return json.dumps(value, ensure_ascii=False)
