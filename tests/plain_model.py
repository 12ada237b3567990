"""What items and questions have to be, as plain dicts: the rules written a second time, as simply as they can be.

A project is {"status", "items": {key: item}, "questions": {(field, revision): status}}; an item is {"state",
"attempts", "failures", "held"}. Time does not pass here: a retry is dispatched at once.
"""

from typing import Any

Project = dict[str, Any]

# Three items: `a` needs a budget; `b` and `c` come after it; `b` has to be approved when it is finished.
AFTER = {"a": [], "b": ["a"], "c": ["a"]}
MOST_FAILURES = {"a": 2, "b": 2, "c": 1}
NEEDS_APPROVAL = {"b"}
BUDGET, APPROVAL = "budget", "approval:b"
OVER = ("DONE", "FAILED", "CANCELLED")


def new_project() -> Project:
    """Return a project that was opened just now: its first item waits for the budget."""
    items = {key: {"state": "CREATED", "attempts": 0, "failures": 0, "held": False} for key in AFTER}
    items["a"]["state"] = "BLOCKED"
    return {"status": "WAITING", "items": items, "questions": {(BUDGET, 1): "OPEN"}}


def open_question(project: Project, field: str) -> tuple[str, int] | None:
    """Return the open question about the field, if there is one."""
    return next((key for key, status in project["questions"].items() if key[0] == field and status == "OPEN"), None)


# -- what happens ----------------------------------------------------------------------------------
def answer(project: Project) -> None:
    """The budget is named."""
    project["questions"][open_question(project, BUDGET)] = "ANSWERED"
    if project["items"]["a"]["state"] == "BLOCKED":
        dispatch(project["items"]["a"])
    settle(project)


def complete(project: Project, key: str) -> None:
    """The worker says that it has finished the item."""
    item = project["items"][key]
    if key in NEEDS_APPROVAL:
        item["held"] = True
        revision = 1 + sum(field == APPROVAL for field, _ in project["questions"])
        project["questions"][APPROVAL, revision] = "OPEN"
    else:
        item["state"] = "DONE"
    settle(project)


def fail(project: Project, key: str, *, retryable: bool) -> None:
    """The worker says that it cannot, or says nothing in time."""
    item = project["items"][key]
    item["failures"] += 1
    if retryable and item["failures"] < MOST_FAILURES[key]:
        dispatch(item)
    else:
        item["state"] = "FAILED"
    settle(project)


def decide(project: Project, *, approved: bool) -> None:
    """Somebody approves the finished item, or sends it back."""
    project["questions"][open_question(project, APPROVAL)] = "ANSWERED"
    item = project["items"]["b"]
    item["held"] = False
    if approved:
        item["state"] = "DONE"
    else:
        dispatch(item)
    settle(project)


def retry(project: Project, key: str) -> None:
    """Staff let a failed item be tried again, and so open a failed project again."""
    project["status"] = "OPEN"
    dispatch(project["items"][key])
    settle(project)


def cancel_item(project: Project, key: str) -> None:
    """Staff cancel an item, and so those that come after it."""
    for cancelled in [key, *(other for other, before in AFTER.items() if key in before)]:
        if project["items"][cancelled]["state"] != "DONE":
            project["items"][cancelled] |= {"state": "CANCELLED", "held": False}
    settle(project)


def cancel_project(project: Project) -> None:
    """Staff cancel the project."""
    for item in project["items"].values():
        if item["state"] not in ("DONE", "CANCELLED"):
            item |= {"state": "CANCELLED", "held": False}
    project["status"] = "CANCELLED"
    settle(project)


# -- what follows ----------------------------------------------------------------------------------
def dispatch(item: dict[str, Any]) -> None:
    """The item goes to its worker once more."""
    item |= {"state": "IN_PROGRESS", "attempts": item["attempts"] + 1, "held": False}


def settle(project: Project) -> None:
    """What follows from the items: those whose turn it is go out, questions nobody needs go, the status is theirs."""
    items, questions = project["items"], project["questions"]
    for field, key in ((BUDGET, "a"), (APPROVAL, "b")):
        asked = open_question(project, field)
        if asked and items[key]["state"] == "CANCELLED":
            questions[asked] = "WITHDRAWN"
    if project["status"] in OVER:
        return
    for key, before in AFTER.items():
        if items[key]["state"] == "CREATED" and all(items[b]["state"] == "DONE" for b in before):
            dispatch(items[key])
    project["status"] = status_of([item["state"] for item in items.values()], any(i["held"] for i in items.values()))


def status_of(states: list[str], is_held: bool) -> str:
    """Return the project's status for these states of its items."""
    if all(state in ("DONE", "CANCELLED") for state in states):
        return "DONE" if "DONE" in states else "CANCELLED"
    if "BLOCKED" in states or is_held:
        return "WAITING"
    return "FAILED" if "FAILED" in states and "IN_PROGRESS" not in states else "OPEN"
