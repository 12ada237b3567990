"""The quality of a report's data, with every warning about the file, and the provenance of each field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backlog.reading_words import answer_in_words
from clarifications.models import Question
from clarifications.wording import question_title
from pages.admin_pages import bounded_text
from pages.phrases import warning_in_words
from reports.contents import Content, as_object, count_at, objects_at, text_at
from reports.doors import door_in_words, giver_in_words
from reports.figures import in_unit, money_in_words, name_in_words, number_in_words, rows_of, value_in_words
from reports.model import Answered, Figure, FileWarning, Period, Quality, Unit
from reports.sources import TIME, Sources

TEST_REPORT = "test_report"
# What Interlock itself notes in a work context.
READING = "reading_"
WITHOUT_GIVER = ("dates_of_rows", "readings", "reading")


def quality_of(sources: Sources) -> Quality:
    """Return the counts of the file and of the rows, and the warnings about the file."""
    intake = as_object(sources.project.intake or {})
    warnings = [as_warning(warning) for warning in objects_at(intake, "warnings")]
    known = {
        "rows_read": count_at(intake, "rows_read") or count_at(sources.content(TIME), "rows"),
        "row_warnings": count_at(intake, "row_warnings"),
        "rows_without_duration": count_at(sources.content(TIME), "rows_without_estimate"),
        "dated_rows": count_at(sources.content(TIME), "dated_rows"),
        "timed_rows": count_at(sources.content(TIME), "timed_rows"),
        "weeks_left_out": count_at(sources.content(TIME), "weeks_left_out"),
        "checks_failed": count_at(sources.content(TEST_REPORT), "failed"),
    }
    counts = [
        Figure(key, label_of(key, value), value, Unit.COUNT, in_unit(value, Unit.COUNT))
        for key, value in known.items()
        if value is not None
    ]
    left = max((count_at(intake, "row_warnings") or 0) - len(warnings), 0)
    return Quality(text_at(intake, "file"), counts, warnings, left)


def label_of(key: str, count: int) -> str:
    """Return what the count is of, in words that fit the number."""
    labels = {
        "rows_read": ngettext("row read", "rows read", count),
        "row_warnings": ngettext("warning about the file", "warnings about the file", count),
        "rows_without_duration": ngettext(
            "row without a duration, which counts no time", "rows without a duration, which count no time", count
        ),
        "dated_rows": ngettext("row with a date", "rows with a date", count),
        "timed_rows": ngettext("row with a time of day", "rows with a time of day", count),
        "weeks_left_out": ngettext(
            "earlier week left out of the hours by week", "earlier weeks left out of the hours by week", count
        ),
        "checks_failed": ngettext(
            "of our own checks of the figures failed", "of our own checks of the figures failed", count
        ),
    }
    return labels[key]


def as_warning(warning: Content) -> FileWarning:
    """Return a warning of the reader of the file, in the language of whoever reads the report."""
    return FileWarning(count_at(warning, "row"), text_at(warning, "column"), warning_in_words(warning))


def provenance_of(sources: Sources, period: Period) -> list[Answered]:
    """Return for each field of the request who gave it, when and through which door; one query."""
    words = {"period": period.words}
    if sources.rate is not None:
        words["hourly_rate"] = money_in_words(sources.rate, sources.currency)
    questions = Question.objects.filter(
        project=sources.project, field__in=list(sources.provenance), kind=Question.Kind.INPUT
    )
    titles = {question.field: question_title(question) for question in questions.order_by("revision")}
    fields = {field: value for field, value in sources.data.items() if field not in WITHOUT_GIVER}
    if not fields.get("rows"):
        fields.pop("rows", None)
    return [
        answer_about_file(sources, field, str(value), titles)
        if field.startswith(READING)
        else answered(
            field, words.get(field) or field_in_words(field, value), sources.provenance.get(field) or {}, titles
        )
        for field, value in fields.items()
    ]


def answer_about_file(sources: Sources, field: str, value: str, titles: Mapping[str, str]) -> Answered:
    """Return the provenance of an answer about the file: who chose a column or a unit, or changed a row or a cell.

    It came as the answer to a question, or with the request.
    """
    title, words = answer_in_words(field.removeprefix(READING), value)
    given = sources.provenance.get(field) or sources.provenance.get("reading") or {}
    return answered(field, bounded_text(words), given, {field: titles.get(field, title)})


def answered(field: str, words: str, given: Mapping[str, Any], titles: Mapping[str, str]) -> Answered:
    """Return the provenance of one field."""
    known = {
        "request_text": _("Request"),
        "rows": _("Rows"),
        "rows_ref": _("Rows"),
        "currency": _("Currency"),
        "period": _("Period of the data"),
        "hourly_rate": _("Hourly rate"),
    }
    title = known.get(field) or titles.get(field) or name_in_words(field)
    door = str(given.get("door", ""))
    return Answered(
        field, bounded_text(title), words, giver_in_words(given), door, door_in_words(door),
        moment(given.get("at")), str(given.get("question_id", "")),
    )  # fmt: skip


def field_in_words(field: str, value: Any) -> str:
    """Return the value of a field in one line; a table as its number of rows."""
    count = count_at(as_object(value), "rows") if field == "rows_ref" else len(rows_of(value)) or None
    if count is not None:
        return ngettext("%(n)s row", "%(n)s rows", count) % {"n": number_in_words(count)}
    return value_in_words(value)


def moment(at: Any) -> datetime | None:
    """Return a moment that is written in ISO 8601; None if it is none."""
    try:
        return datetime.fromisoformat(str(at))
    except ValueError:
        return None
