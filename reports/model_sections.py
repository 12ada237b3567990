"""The sections of a report about what language models wrote: names, categories, requirements, tests and drafts.

Each section has a mark that says which model wrote it and what was checked.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.by_model import (
    NOTHING_TO_ASK,
    is_by_model,
    notes_about,
    tells_who_wrote,
    why_nobody,
    writer_in_words,
)
from reports.contents import Content, count_at, number_at, objects_at, text_at
from reports.figures import in_unit, number_in_words
from reports.model import Unit

Parts = dict[str, Any]
# (key of the table, its title, its lines, {key of a column: heading}), from which a section makes its table.
Lines = tuple[str, str, list[Content], dict[str, str]]


def is_silent(kind: str, content: Content) -> bool:
    """Return True if a report says nothing about the deliverable: there was nothing to ask a model about."""
    return kind in MODEL_VIEWS and text_at(content, "reason") in NOTHING_TO_ASK


def model_parts(kind: str, content: Content) -> tuple[Parts, Lines | None] | None:
    """Return the parts of the section and the lines of its table; None for content that says not who wrote it."""
    if not tells_who_wrote(content):
        return None
    title, marked_title, view = titles_of(kind)
    if not is_by_model(content):
        return {"title": title, "points": [why_nobody(content), *notes_about(content)]}, None
    checked, lines, points = view(content)
    mark = f"{writer_in_words(content)} {checked}"
    return {"title": marked_title, "mark": mark, "points": [*points, *notes_about(content)]}, lines


View = Callable[[Content], tuple[str, Lines, list[str]]]


def titles_of(kind: str) -> tuple[str, str, View]:
    """Return the title of a section that nobody wrote, the one that says that a model wrote it, and its view."""
    titles = {
        "task_names": (_("Names of recurring tasks"), _("Names of recurring tasks, given by a language model")),
        "suggested_categories": (
            _("Suggested categories of unclear rows"),
            _("Categories of unclear rows, suggested by a language model"),
        ),
        "row_categories": (
            _("Categories of unclear rows"),
            _("Categories of unclear rows, put there by a language model or a person"),
        ),
        "requirements_by_model": (
            _("Requirements with their sentences"),
            _("Requirements with their sentences, listed by a language model"),
        ),
        "test_design": (_("Design of tests"), _("Design of tests, written by a language model")),
        "development_draft": (_("Draft of the steps"), _("Draft of the steps, written by a language model")),
    }
    return (*titles[kind], MODEL_VIEWS[kind])


def given_names(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the names of tasks, and their lines."""
    checked = _("A name has a word of its task and no figure; nobody has checked whether it fits.")
    columns = {"name": _("Name by a language model"), "task": _("Task, as a row has it"), "count": _("Times")}
    return checked, ("names", _("Names"), objects_at(content, "names"), columns), []


def suggestions(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the suggested categories, and their lines."""
    checked = _("It could only choose among the categories of the file; nobody has checked its choices.")
    columns = {
        "text": _("What was done"), "category": _("Category by a language model"), "rows": _("Rows"),
        "minutes": _("Minutes"), "confidence_percent": _("Confidence (%)"),
    }  # fmt: skip
    unclear = objects_at(content, "unclear")
    words = ngettext(
        "%(n)s task is left to a person, because the model was not sure enough.",
        "%(n)s tasks are left to a person, because the model was not sure enough.",
        len(unclear),
    )
    points = [words % {"n": number_in_words(len(unclear))}] if unclear else []
    return checked, ("placed", _("Suggested categories"), objects_at(content, "placed"), columns), points


def categories(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the categories, their lines, and how much time they are about."""
    checked = _(
        "It could only choose among the categories of the file; nobody has checked its choices. All other figures "
        "count the rows as the file has them."
    )
    columns = {
        "text": _("What was done"), "category": _("Category"), "put_by": _("Put there by"), "rows": _("Rows"),
        "minutes": _("Minutes"),
    }  # fmt: skip
    tasks = objects_at(content, "tasks")
    lines: list[Content] = [{**task, "put_by": put_by_in_words(text_at(task, "put_by"))} for task in tasks]
    return checked, ("tasks", _("Tasks without a clear category"), lines, columns), sums_in_words(tasks)


def put_by_in_words(code: str) -> str:
    """Return who chose a category; nobody for any other code."""
    words = {"model": _("a language model"), "person": _("a person")}
    return words.get(code) or _("nobody")


def sums_in_words(tasks: Sequence[Content]) -> list[str]:
    """Return in words how many rows a model put into a category, and a person, and nobody, with their minutes."""
    found = []
    for code in ("model", "person", "nobody"):
        own = [task for task in tasks if text_at(task, "put_by") == code]
        rows = sum(count_at(task, "rows") or 0 for task in own)
        minutes = sum(number_at(task, "minutes") or 0 for task in own)
        if rows:
            values = {"rows": number_in_words(rows), "minutes": in_unit(minutes, Unit.MINUTES)}
            found.append(sum_in_words(code, rows) % values)
    return found


def sum_in_words(code: str, rows: int) -> str:
    """Return the sentence about so many rows that a model, a person or nobody put into a category."""
    words = {
        "model": ngettext(
            "A language model put %(rows)s row with %(minutes)s into a category.",
            "A language model put %(rows)s rows with %(minutes)s into a category.",
            rows,
        ),
        "person": ngettext(
            "A person put %(rows)s row with %(minutes)s into a category.",
            "A person put %(rows)s rows with %(minutes)s into a category.",
            rows,
        ),
        "nobody": ngettext(
            "%(rows)s row with %(minutes)s stays without a category.",
            "%(rows)s rows with %(minutes)s stay without a category.",
            rows,
        ),
    }
    return words[code]


def quoted_requirements(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the requirements that a model listed, and their lines."""
    checked = _(
        "Each quoted sentence stands in the request as it is; nobody has checked whether the list is complete and "
        "right."
    )
    columns = {
        "number": _("Number"), "text": _("Requirement by a language model"), "source_sentence": _("From the sentence"),
    }  # fmt: skip
    return checked, ("requirements", _("Requirements"), objects_at(content, "requirements"), columns), []


def designed_tests(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the designed tests, and their lines."""
    checked = _("Each figure in it stands in its requirement; nobody has checked the words, and no test was run.")
    columns = {
        "requirement": _("For the requirement"), "title": _("Test by a language model"), "steps": _("Steps"),
        "expected": _("What has to come out"),
    }  # fmt: skip
    lines: list[Content] = [
        {**test, "steps": steps_in_words(test.get("steps"))} for test in objects_at(content, "tests")
    ]
    return checked, ("tests", _("Tests"), lines, columns), without_one(content)


def steps_in_words(steps: Any) -> str:
    """Return the steps one after another, numbered."""
    found = [step for step in steps if isinstance(step, str)] if isinstance(steps, list) else []
    return " ".join(f"{number}. {step}" for number, step in enumerate(found, start=1))


def drafted_steps(content: Content) -> tuple[str, Lines, list[str]]:
    """Return what was checked about the drafted steps, and their lines."""
    checked = _("Each figure in it stands in its requirement; nobody has checked the words, and nothing was built.")
    columns = {
        "requirement": _("For the requirement"), "input": _("Input, by a language model"),
        "what_happens": _("What happens, by a language model"), "result": _("Result, by a language model"),
        "what_can_go_wrong": _("What can go wrong, by a language model"),
    }  # fmt: skip
    return checked, ("steps", _("Steps"), objects_at(content, "steps"), columns), without_one(content)


def without_one(content: Content) -> list[str]:
    """Return in words which requirements the model wrote nothing about, and how many it was not asked about."""
    uncovered, left = content.get("uncovered"), count_at(content, "left_out") or 0
    points = []
    if isinstance(uncovered, list) and uncovered:
        numbers = ", ".join(number_in_words(number) for number in uncovered if isinstance(number, int))
        points.append(_("Nothing was written for the requirements %(numbers)s.") % {"numbers": numbers})
    if left:
        words = ngettext(
            "%(n)s more requirement was too much for one request to a model.",
            "%(n)s more requirements were too many for one request to a model.",
            left,
        )
        points.append(words % {"n": number_in_words(left)})
    return points


MODEL_VIEWS: dict[str, View] = {
    "task_names": given_names,
    "row_categories": categories,
    "requirements_by_model": quoted_requirements,
    "test_design": designed_tests,
    "development_draft": drafted_steps,
    "suggested_categories": suggestions,
}
