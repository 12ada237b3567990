"""Questions and approvals that a program asks for by themselves, without an item of work that it holds.

Each opens a project of the template `ask`, whose single item waits for the answer. So it has an owner, an inbox,
reminders, events and an end like every other question, and outlives the program that asked. Once it is answered, the
generic worker does the item and the project ends. The program reads the answer with the question, whenever it likes.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from accounts.models import User
from backlog.blueprints import STANDALONE_TEMPLATE
from backlog.flow.opening import one_line, submit_request
from backlog.models import Item
from backlog.work import ProjectWork
from clarifications.asking import LONGEST_TITLE, ask_for_approval, ask_input, require_short
from clarifications.assignment import reassign_question
from clarifications.contract import MissingField
from clarifications.models import Question
from clarifications.selectors import load_questions
from events.texts import shortened
from schemas.restricted import check_restricted

# The name of the field in the work context that gets the answer, unless the schema's `x_pointer` names another place.
FIELD = "answer"
LONGEST_PROJECT_TITLE = 200


def ask_by_itself(
    work: ProjectWork,
    *,
    by: User,
    title: str,
    schema: Mapping[str, Any],
    reason: str,
    to: str = "",
    project_id: UUID | None = None,
) -> Question:
    """Ask a person the question `title`, which an answer that fits the schema closes; return the open question.

    `by` is the account that asks; it owns the project. `to` is the name of the person or group to ask, "" anybody who
    may answer. With a `project_id`, it is asked once.
    Raises SchemaRefused, UnknownAssignee, ProjectExists, or what else opening a project raises.
    """
    asked = {**schema, "title": shortened(one_line(title), LONGEST_TITLE)}
    check_restricted(asked)
    require_short(FIELD, asked)
    item = open_for_answer(work, by=by, title=title, reason=reason, project_id=project_id)
    question = ask_input(work, [item], MissingField(FIELD, asked, reason), asked_by=by.get_username())
    return assigned(work, question, to=to, by=by)


def request_approval(
    work: ProjectWork, *, by: User, title: str, reason: str, to: str = "", project_id: UUID | None = None
) -> Question:
    """Ask for an approval of what `title` names; return the open question.

    Neither the account `by` nor any machine can approve it: `decide_approval` and the doors refuse them.
    Raises UnknownAssignee, or what opening a project raises.
    """
    item = open_for_answer(work, by=by, title=title, reason=reason, project_id=project_id)
    # The title may name an item by %(item)s; this one is a program's, and taken as it is.
    as_template = one_line(title).replace("%", "%%")
    question = ask_for_approval(work, item, as_template, reason, asked_by=by.get_username())
    return assigned(work, question, to=to, by=by)


def open_for_answer(work: ProjectWork, *, by: User, title: str, reason: str, project_id: UUID | None) -> Item:
    """Open a project of the template `ask` that the account owns, and return its single item. Raises ProjectExists."""
    name = by.get_username()
    work.owners[name] = by
    project = submit_request(
        work,
        request={
            "project_id": str(project_id or uuid4()),
            "title": shortened(one_line(title), LONGEST_PROJECT_TITLE),
            "request_text": reason or title,
            "template": STANDALONE_TEMPLATE,
            "requester": name,
        },
    )
    load_questions(work, [project.pk])
    return project.members[0]


def assigned(work: ProjectWork, question: Question, *, to: str, by: User) -> Question:
    """Return the question, assigned to the person or the group named `to` if one is named. Raises UnknownAssignee."""
    return reassign_question(work, question=question, to=to, by=by) if to else question
