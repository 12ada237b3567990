"""The rows behind a figure: the rows of a request that belong to a category, to a recurring task, or to a finding.

A page of them is made at a time, in one pass over the rows, of which only the page is kept.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from backlog.reading_words import ROW_TITLES
from intake.spreadsheets.categories import is_vague
from reports.categories import LONGEST_CATEGORY, OTHER, UNCATEGORISED
from reports.contents import Content, count_at, number_at, objects_at, text_at
from reports.findings import MEETING
from reports.model import Column, Unit
from reports.model_sections import put_by_in_words
from reports.sources import FRICTION, ROW_CATEGORIES, TIME, Sources

ROWS_A_PAGE = 100
# A text is matched by its first characters, as the agent that places rows keeps it.
LONGEST_TEXT_PUT = 200
SHORT_MINUTES = 15
NO_WORD = re.compile(r"[\W_]+")

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


class UnknownSelection(Exception):
    """There is no such way to select rows."""


@dataclass(frozen=True)
class RowsPage:
    """A page of rows: `number` counts from 1, `first` is the number of its first row among the selected ones.

    `minutes` is the sum of the durations on this page.
    """

    rows: list[Row]
    number: int
    has_next: bool

    @property
    def first(self) -> int:
        """Return the number of the first row of the page among all selected rows, from 1."""
        return (self.number - 1) * ROWS_A_PAGE + 1

    @property
    def last(self) -> int:
        """Return the number of the last row of the page among all selected rows."""
        return self.first + len(self.rows) - 1


def page_of_rows(rows: Iterable[Row], test: Test, number: int) -> RowsPage:
    """Return a page of the rows that pass the test."""
    start = (number - 1) * ROWS_A_PAGE
    found = list(islice((row for row in rows if test(row)), start, start + ROWS_A_PAGE + 1))
    return RowsPage(found[:ROWS_A_PAGE], number, len(found) > ROWS_A_PAGE)


def selection(sources: Sources, by: str, value: str) -> Test:
    """Return the test that a selected row passes. Raises UnknownSelection."""
    if by == "category":
        return in_category(sources, value)
    if by == "task":
        return of_task(sources, value)
    if by == "meetings":
        return in_meetings(sources)
    if by == "short":
        return is_short
    if by == "all":
        return lambda row: True
    raise UnknownSelection(f"There are no rows by {by[:40]!r}.")


def in_category(sources: Sources, value: str) -> Test:
    """Return the test that a row is counted under this category."""
    named = {text_at(line, "category") for line in objects_at(sources.content(TIME), "breakdown")}
    if value == OTHER:
        return lambda row: category_of(row) not in named or category_of(row) == OTHER
    return lambda row: category_of(row) == value


def category_of(row: Row) -> str:
    """Return the category that a row is counted under."""
    return text_at(row, "category")[:LONGEST_CATEGORY] or UNCATEGORISED


def of_task(sources: Sources, fingerprint: str) -> Test:
    """Return the test that a row belongs to a recurring task: its text is one of those that the cluster names.

    For a cluster that names none, the text has to equal the cluster's text, or to differ in case, punctuation and
    numbers only.
    """
    cluster = cluster_named(sources, fingerprint)
    texts = cluster.get("texts")
    if isinstance(texts, list) and texts:
        named = {text.strip() for text in texts if isinstance(text, str)}
        return lambda row: text_at(row, "text") in named
    forms = {form_of(fingerprint), form_of(text_at(cluster, "sample_text"))} - {""}
    return lambda row: form_of(text_at(row, "text")) in forms


def in_meetings(sources: Sources) -> Test:
    """Return the test that a row belongs to a recurring task that is a meeting; one that took place once does not."""
    clusters = objects_at(sources.content(FRICTION), "clusters")
    tests = [of_task(sources, text_at(c, "fingerprint")) for c in clusters if text_at(c, "why") == MEETING]
    return lambda row: any(test(row) for test in tests)


def cluster_named(sources: Sources, fingerprint: str) -> Content:
    """Return the cluster of the friction analysis with this fingerprint, or without one this text; empty if none."""
    clusters = objects_at(sources.content(FRICTION), "clusters")
    named = (c for c in clusters if fingerprint in (text_at(c, "fingerprint"), text_at(c, "sample_text")))
    return next(named, {})


def task_named(sources: Sources, fingerprint: str) -> str:
    """Return the text of the recurring task with this fingerprint; the fingerprint itself if there is none."""
    return text_at(cluster_named(sources, fingerprint), "sample_text") or fingerprint


def form_of(text: str) -> str:
    """Return the text in lower case without punctuation, numbers and extra spaces."""
    words = NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()
    return " ".join(word for word in words if not word.isdigit())


def told_count(sources: Sources, by: str, value: str) -> int | None:
    """Return how many rows the deliverable says that it counted; None if it does not say."""
    if by == "task":
        return count_at(cluster_named(sources, value), "count")
    part = {"meetings": ("meetings", "rows"), "short": ("fragmentation", "short_rows")}.get(by)
    if part is None:
        return count_at(sources.content(TIME), "rows") if by == "all" else None
    return count_at(sources.content(FRICTION), *part)


def is_short(row: Row) -> bool:
    """Return True if the row has a duration under a quarter of an hour."""
    minutes = number_at(row, "estimated_minutes")
    return minutes is not None and 0 < minutes < SHORT_MINUTES


def categories_put(sources: Sources) -> dict[str, str]:
    """Return the category that a model or a person put the rows of each text into, and who it was, in words."""
    tasks = objects_at(sources.content(ROW_CATEGORIES), "tasks")
    words = _("%(category)s (put there by: %(who)s)")
    return {
        text_at(task, "text"): words % {"category": category, "who": put_by_in_words(text_at(task, "put_by"))}
        for task in tasks
        if (category := text_at(task, "category"))
    }


def with_category_put(row: Row, put: Mapping[str, str]) -> Row:
    """Return the row with the category that was put for it, if its own is none; unchanged if none was."""
    if not is_vague(text_at(row, "category")):
        return row
    words = put.get(" ".join(text_at(row, "text").split())[:LONGEST_TEXT_PUT])
    return {**row, "category_put": words} if words else row


def row_columns() -> list[Column]:
    """Return the columns that a row of a request may have."""
    units = {"row": Unit.COUNT, "estimated_minutes": Unit.MINUTES}
    columns = [Column(key, str(title), units.get(key, Unit.NONE)) for key, title in ROW_TITLES.items()]
    place = 1 + list(ROW_TITLES).index("category")
    return [*columns[:place], Column("category_put", _("Category added later")), *columns[place:]]
