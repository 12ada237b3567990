"""Records a history: what a system of today does with requests, answers, failures and people, as lines of JSON.

`RECORD_HISTORY=0.2.0 python -m pytest tests/integration/spine/test_histories.py -k covers` writes the file of a
release. Its lines, in this order: {"template": definition}, {"event": envelope, "outcome": how it was taken} in the
order of the ledger, {"end": what a project, its items and its questions were in the end}.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from backlog import services
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import load_projects
from clarifications.models import Question
from events.models import Event
from tests.flows import (
    answer,
    completed,
    deliverable,
    dispatch_of,
    envelope,
    failed,
    opened,
    reply,
    step,
    tell,
)
from tests.system import run_to_rest

FOLDER = Path(__file__).parent / "histories"
SPEAKER = "ann"
BUDGET = {"type": "object", "required": ["budget"], "properties": {"budget": {"type": "number", "title": "Budget"}}}


# -- what happens ----------------------------------------------------------------------------------
def live_through_everything() -> None:
    """Have one project of each kind come to its end, or to where it waits."""
    complete_all(opened(step("first"), step("second", depends_on=["first"]), step("third", depends_on=["first"])))
    answer_by_event()
    approve_and_send_back()
    fail_and_be_retried()
    be_cancelled()
    ask_while_working()
    opened(step("only", needs=BUDGET))


def complete_all(project: Project) -> None:
    """Say of every item that it is finished, its deliverable first; of the first one also that it has begun."""
    for key in [item.key for item in Item.objects.filter(project=project).order_by("position", "pk")]:
        told = dispatch_of(project, key)
        progressed = reply(told, "WORK.ITEM_PROGRESSED", {"done": 1, "total": 2})
        made = reply(told, "DELIVERABLE.PUBLISHED", deliverable(total=3))
        tell(reply(told, "WORK.ITEM_STARTED"), progressed, made, completed(told, checked=True))


def answer_by_event() -> None:
    """Answer a question by an event; a second answer comes too late."""
    project = opened(step("one", needs=BUDGET), step("two", needs=BUDGET))
    about = {"project_id": str(project.pk), "question_id": str(Question.objects.get(project=project).pk)}
    for value in (100, 200):
        tell(envelope("USER.ANSWER_SUBMITTED", about | {"answer": value, "answered_by": SPEAKER}))
    complete_all(project)


def approve_and_send_back() -> None:
    """Approve the beginning; send finished work back, which is then approved."""
    project = opened(step("only", approval="before"), step("after", approval="after", depends_on=["only"]))
    decide(project, approved=True)
    tell(completed(dispatch_of(project)))
    for verdict in ({"approved": False, "notes": "Split it."}, {"approved": True}):
        tell(completed(dispatch_of(project, "after")))
        decide(project, **verdict)


def decide(project: Project, **verdict: Any) -> None:
    """Give the verdict that the project waits for."""
    answer(Question.objects.get(project=project, status="OPEN"), verdict, by=SPEAKER)
    run_to_rest()


def fail_and_be_retried() -> None:
    """Fail until the project has; staff let it be tried again, and a reply to the old dispatch comes too late."""
    project = opened(step("only", max_attempts=2), step("next", depends_on=["only"]))
    first = dispatch_of(project)
    tell(failed(first))
    tell(failed(dispatch_of(project), retryable=False))
    by_staff(project, services.retry_item, item="only")
    tell(completed(first), completed(dispatch_of(project)))
    tell(failed(dispatch_of(project, "next"), retryable=False))


def be_cancelled() -> None:
    """Staff cancel an item with what depends on it, and another project as a whole."""
    project = opened(step("only"), step("next", depends_on=["only"]), step("beside"))
    by_staff(project, services.cancel_item, item="only", reason="Not this.")
    tell(completed(dispatch_of(project, "beside")))
    by_staff(opened(step("only"), step("asks", needs=BUDGET)), services.cancel_project, reason="Enough.")


def ask_while_working() -> None:
    """A worker finds that it misses something, gets it, and goes on."""
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "Which?", "missing_fields": ["colour"]}))
    answer(Question.objects.get(project=project, status="OPEN"), "red", by=SPEAKER)
    run_to_rest()
    tell(completed(dispatch_of(project)))


def by_staff(project: Project, act: Callable[..., Any], *, item: str = "", **more: Any) -> None:
    """Have staff do something to the project, or to the item with this key."""
    with project_work() as work:
        load_projects(work, [project.pk])
        loaded = work.loaded(Project, project.pk)
        assert loaded is not None
        act(work, next((i for i in loaded.members if i.key == item), loaded), by=SPEAKER, **more)
    run_to_rest()


# -- what is kept ----------------------------------------------------------------------------------
def recorded() -> list[dict[str, Any]]:
    """Return the lines of a history: what the database holds now."""
    projects = list(Project.objects.select_related("template").order_by("opened_at", "pk"))
    definitions = {p.template.name: p.template.definition for p in projects}
    events = Event.objects.order_by("seq")
    return [
        *({"template": definition} for definition in definitions.values()),
        *({"event": orjson.loads(e.outgoing().wire), "outcome": e.outcome} for e in events),
        *({"end": end_of(project)} for project in projects),
    ]


def end_of(project: Project) -> dict[str, Any]:
    """Return what the project, its items and its questions are now, without the ids that a system gives."""
    items = Item.objects.filter(project=project).order_by("key")
    questions = Question.objects.filter(project=project).order_by("field", "revision")
    return {
        "project": str(project.pk),
        "status": project.status,
        "items": {i.key: [i.state, i.attempts, i.failures, i.held_for] for i in items},
        "questions": [[q.field, q.revision, q.status] for q in questions],
    }


def write(version: str) -> None:
    """Write the history of this version."""
    (FOLDER / f"{version}.ndjson").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in recorded()))


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a recorded history."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
