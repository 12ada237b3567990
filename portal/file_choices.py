"""What a person chose about their file on the preview: the columns, the unit, rows, cells, answers to questions.

The page sends what it shows. Only what differs from the reading that was shown becomes an answer, so that looking
again without a change changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from intake.kept_readings import Asked
from intake.preview import ROLES, Preview
from intake.remembering import ABOUT_LENGTH
from intake.spreadsheets.answers import COUNT, LEAVE_OUT, MAPPED_ROLES, UNUSED
from intake.spreadsheets.choosing import START_TO_END
from intake.spreadsheets.mapping import ELSE

# The names of the inputs: an answer, its field following; a column's role, its place following; the unit of the
# durations; a cell, its row and column following; the buttons of a row and of an answer; no memory.
FILE_ANSWER, COLUMN, UNIT, CELL = "file-answer-", "column-", "duration-unit", "mended-"
DECIDE, UNDO, FRESH = "decide", "undo", "fresh"


class TwoColumns(Exception):
    """Two columns are chosen for the same role."""


@dataclass(frozen=True)
class FileChoices:
    """How the file is to be read, and whether this differs from what was shown in more than the answer to a doubt."""

    asked: Asked
    is_new: bool


def answers_in(post: QueryDict) -> dict[str, str]:
    """Return the answers that the page carries: {field: value}."""
    sent = {name.removeprefix(FILE_ANSWER): str(v) for name, v in post.items() if name.startswith(FILE_ANSWER)}
    # A cell may be mended by emptying it; any other answer is empty where nothing was chosen.
    return {field: value for field, value in sent.items() if value or field.startswith("cell:")}


def asked_in(post: QueryDict, owner: User) -> Asked:
    """Return how the file was to be read, without what was changed on the page since."""
    return Asked(answers_in(post), owner, bool(post.get(FRESH)))


def choices_in(post: QueryDict, shown: Preview, owner: User) -> FileChoices:
    """Return how the file is to be read. Raises TwoColumns."""
    given = answers_in(post)
    changed = mapping_in(post, shown)
    if "duration_column" in changed:
        # They were about the cells of another column.
        given = {field: value for field, value in given.items() if field not in ABOUT_LENGTH}
    elif UNIT in post and post[UNIT] != (shown.answers or {}).get("duration_unit", ""):
        given.pop("duration_unit", None)
        changed |= {"duration_unit": str(post[UNIT])} if post[UNIT] else {}
    changed |= cells_in(post, shown)
    answers = {**given, **changed}
    if field := str(post.get(DECIDE, "")):
        answers = decided(answers, field)
    if undone := post.get(UNDO):
        answers.pop(str(undone), None)
    asked = Asked(answers, owner, bool(post.get(FRESH)))
    return FileChoices(asked, is_new=asked.answers != answers_in(post))


def decided(answers: dict[str, str], field: str) -> dict[str, str]:
    """Return the answers with the row of `row:17=count` decided so; a decision against an earlier one takes it back."""
    row, _equals, value = field.partition("=")
    if row in answers:
        return {other: known for other, known in answers.items() if other != row}
    return {**answers, row: COUNT if value == COUNT else LEAVE_OUT}


def mapping_in(post: QueryDict, shown: Preview) -> dict[str, str]:
    """Return the answers that make the columns what was chosen. Raises TwoColumns."""
    was = {column.place: column.role for column in shown.columns}
    now = {place: str(post.get(f"{COLUMN}{place}", role)) for place, role in was.items()}
    answers: dict[str, str] = {}
    for role in MAPPED_ROLES:
        before, after = with_role(role, was), with_role(role, now)
        # Where its column took another role, the file may have a further one for this role.
        is_left_open = not after and all(now[place] for place in before)
        if before != after and not is_left_open:
            answers[f"{role}_column"] = name_of(role, [p for p in after if p not in before] or after, shown.names)
    if answers.get("duration_column") == UNUSED and with_role("start", now) and with_role("end", now):
        answers["duration_column"] = START_TO_END
    if with_role(ELSE, was) != with_role(ELSE, now) and with_role("text", now):
        answers.setdefault("text_column", shown.names[with_role("text", now)[0]])
    return answers


def with_role(role: str, roles: Mapping[int, str]) -> list[int]:
    """Return the places of the columns with this role."""
    return [place for place, one in roles.items() if one == role]


def name_of(role: str, places: list[int], names: Any) -> str:
    """Return the name of the column that was chosen for the role, or that there is none. Raises TwoColumns."""
    if len(places) > 1:
        words = _("Several columns are chosen for “%(role)s”: %(names)s. Choose one of them.")
        shown = ", ".join(f"“{names[place]}”" for place in places)
        raise TwoColumns(words % {"role": ROLES.get(role, role), "names": shown})
    return str(names[places[0]]) if places else UNUSED


def cells_in(post: QueryDict, shown: Preview) -> dict[str, str]:
    """Return the answers for the cells of unread rows into which something else was typed."""
    answers = {}
    for row in shown.unread:
        for name, cell in zip(shown.names, row["cells"] + [""] * len(shown.names), strict=False):
            typed = post.get(f"{CELL}{row['place']}:{name}")
            if typed is not None and str(typed).strip() != cell:
                answers[f"cell:{row['place']}:{name}"] = str(typed).strip()
    return answers
