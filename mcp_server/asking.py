"""The tools that ask people: a question, an approval, and the answer to either, now or tomorrow."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from mcp.server.mcpserver import Context
from mcp_types import InputRequiredResult
from pydantic import BaseModel, Field

from mcp_server.elicitation import FIELD, ask_client, may_be_asked, relay
from mcp_server.rest import Caller, Refusal, current

OPEN = "OPEN"
LONGEST_WAIT = 600
# In seconds: a person who is there answers within the first, a person who is not costs a read every LONGEST_PAUSE.
FIRST_PAUSE, LONGEST_PAUSE, SLOWER = 0.5, 3.0, 1.3
TOO_MANY = 429

Ctx = Context[Any, Any]
Question = Annotated[str, Field(min_length=1, max_length=300, description="The question, in one line.")]
Reason = Annotated[str, Field(max_length=20_000, description="What the person has to know; shown with the question.")]
To = Annotated[
    str, Field(max_length=150, description="The person or the group to ask, by name; left out: anybody who may answer.")
]
RequestKey = Annotated[
    str,
    Field(
        max_length=200,
        description="A key of your choice. The same call with the same key asks once, however often you send it.",
    ),
]
Wait = Annotated[
    int, Field(ge=0, le=LONGEST_WAIT, description="How many seconds to wait for the answer; 0 returns at once.")
]
Schema = Annotated[
    dict[str, Any], Field(description="The JSON Schema that the answer has to fit; the person's form is made from it.")
]
Lease = Annotated[
    UUID | None,
    Field(
        description="The lease of the item that you work on, if the question is about it. The lease ends, and the item"
        " can be leased again once the question is answered, with the answer in its work context."
    ),
]
Handle = Annotated[UUID, Field(description="The handle of a question or an approval. It never expires.")]


class Outcome(BaseModel):
    """A question and, once it is closed, its answer."""

    handle: str = Field(description="Keep it: `get_answer` takes it, from any process, on any day.")
    status: str = Field(description="OPEN, ANSWERED, DECLINED, EXPIRED or WITHDRAWN.")
    question: str
    project: str
    answer: Any = Field(default=None, description="The answer; of an approval an object with `approved` and `notes`.")
    answered_by: str = ""
    answered_at: str = ""
    door: str = Field(default="", description="How the answer came; `agent`: through the client of an agent.")
    note: str = ""


# -- the tools -------------------------------------------------------------------------------------
async def ask_person(
    ctx: Ctx,
    question: Question,
    answer_schema: Schema = {"type": "string", "minLength": 1},  # noqa: B006  (never changed)
    reason: Reason = "",
    to: To = "",
    lease: Lease = None,
    request_key: RequestKey = "",
    wait_seconds: Wait = 0,
) -> Outcome | InputRequiredResult:
    """Ask a person a question and get a typed answer.

    Returns at once with a handle, or waits. The question is in the inbox of the people who may answer, and outlives
    you: call `get_answer` with the handle later. You cannot answer it yourself.
    """
    caller, note = current.get(), ""
    if ctx.request_state is not None:
        asked = await caller.get(f"questions/{UUID(ctx.request_state)}")
        note = await relay(caller, asked, (ctx.input_responses or {}).get(FIELD))
    else:
        words = {"reason": reason or question} if lease else {"title": question, "reason": reason, "to": to}
        asked = await ask(caller, question, answer_schema, words, lease=lease, key=request_key)
        if asked["status"] == OPEN and not to and await may_be_asked(ctx, caller):
            response = await ask_client(ctx, asked)
            if isinstance(response, InputRequiredResult):
                return response
            note = await relay(caller, asked, response) if response else ""
    return await outcome_within(ctx, caller, asked["id"], wait_seconds, note=note)


async def request_approval(
    ctx: Ctx,
    question: Question,
    reason: Reason = "",
    to: To = "",
    request_key: RequestKey = "",
    wait_seconds: Wait = 0,
) -> Outcome:
    """Ask a person to approve what you want to do; do it only if the answer has `approved: true`.

    Another person than the owner of your key decides, signed in to Interlock. Neither you nor any program can approve.
    Returns at once with a handle, or waits; a rejection has `notes` that say what to do differently.
    """
    caller = current.get()
    body = {"title": question, "reason": reason, "to": to}
    asked = await caller.post("approvals", body, key=request_key)
    return await outcome_within(ctx, caller, asked["id"], wait_seconds)


async def get_answer(ctx: Ctx, handle: Handle, wait_seconds: Wait = 0) -> Outcome:
    """Return the answer to a question or an approval that was asked before, by this process or another one.

    There is at most one answer, and it never changes: reading it again gives the same.
    """
    return await outcome_within(ctx, current.get(), str(handle), wait_seconds)


# -- functions -------------------------------------------------------------------------------------
async def ask(
    caller: Caller, question: str, schema: dict[str, Any], words: dict[str, Any], *, lease: UUID | None, key: str
) -> dict[str, Any]:
    """Ask by itself, or about the item of the lease; return the question. Raises Refusal."""
    if lease is None:
        by_itself: dict[str, Any] = await caller.post("questions", {**words, "schema": schema}, key=key)
        # A repeated request gets the first response again, and the question may be answered since.
        return await caller.get(f"questions/{by_itself['id']}") if key else by_itself
    fields = {FIELD: {**schema, "title": question}}
    state = await caller.post(f"work/{lease}/ask", {**words, "fields": fields}, key=key)
    waiting = [await caller.get(f"questions/{handle}") for handle in state["questions"]]
    about_it: dict[str, Any] = next(found for found in waiting if found["field"] == FIELD)
    return about_it


async def outcome_within(ctx: Ctx, caller: Caller, handle: str, seconds: int, *, note: str = "") -> Outcome:
    """Return the question as it is once it is closed, or after these seconds, with progress notices meanwhile."""
    clock = asyncio.get_running_loop().time
    began, pause = clock(), FIRST_PAUSE
    found = await caller.get(f"questions/{handle}")
    while found["status"] == OPEN and (left := began + seconds - clock()) > 0:
        await ctx.report_progress(clock() - began, seconds, f"“{found['title']}” waits for a person.")
        if await caller.pause(min(pause, left)):
            break
        pause = min(pause * SLOWER, LONGEST_PAUSE)
        try:
            found = await caller.get(f"questions/{handle}")
        except Refusal as refusal:
            if refusal.status != TOO_MANY:
                raise
            pause = refusal.wait
    return outcome_of(found, note)


def outcome_of(found: dict[str, Any], note: str) -> Outcome:
    """Return the question as REST shows it, as an outcome."""
    given = found["answer"] or {}
    names = {"answered_by": "answered_by", "answered_at": "answered_at", "door": "door", "answer": "value"}
    values = {name: given[key] for name, key in names.items() if given}
    about = {"handle": found["id"], "status": found["status"], "question": found["title"], "project": found["project"]}
    return Outcome(**about, **values, note=note)
