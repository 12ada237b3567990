"""The deliverables that the findings do not hold: requirements, work products, checks, and whatever others deliver.

A deliverable of a known type is read into findings, tables and plots. Where it has another shape, or more keys, those
are shown as they are: nothing that was delivered is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from backlog.models import Deliverable
from pages.admin_pages import bounded_text
from pages.presentation import translated
from reports.by_model import tells_who_wrote
from reports.contents import Content, flag_at, number_at, objects_at, text_at
from reports.figures import columns_of, is_number, name_in_words, tables_in, value_in_words
from reports.findings import hours_in
from reports.model import Column, DeliveredFile, Section, Table, Unit, Value
from reports.model_sections import MODEL_VIEWS, Lines, Parts, is_silent, model_parts, titles_of
from reports.sources import COST, EXECUTIVE, FRICTION, NOT_APPROVED, SCENARIO, TIME, Sources

MOST_ROWS = 200
MOST_TEXTS = 50
MOST_COLUMNS = 12
LONGEST_FACT = 300

# The keys of these deliverables that findings, tables, plots and assumptions show.
SHOWN_ELSEWHERE = {
    TIME: {
        *("total_minutes", "total_hours", "rows", "rows_without_estimate", "breakdown", "by_week", "by_weekday"),
        *("concentration", "dated_rows", "timed_rows", "weeks_left_out", "limited", "period", "currency"),
    },
    COST: {"total_hours", "hourly_rate", "monthly_cost", "annual_cost", "period", "currency", "summary"},
    FRICTION: {
        *("total_rows", "recurring_count", "recurring_share", "avoidable_percent", "coefficients", "cluster_count"),
        *("clusters", "fragmentation", "meetings", "rework", "waiting", "recurring_without_meetings", "limited"),
        *("period", "currency"),
    },
    SCENARIO: {
        *("avoidable_percent", "total_hours", "recovered_hours", "recovered_monthly_cost", "recovered_annual_cost"),
        *("hourly_rate", "period", "currency", "summary", "interval", "sensitivity"),
    },
    EXECUTIVE: {
        *("written_by", "sentences", "reason", "details", "provider", "model", "prompt", "prompt_version"),
        *("calls", "cost_usd", "is_estimate", "masked"),
    },
}
INTERNAL = ("test_report", "generic_output", "suggested_categories")


def is_understood(kind: str, content: Content) -> bool:
    """Return True if the findings can show the deliverable: its main figures are there, and are numbers."""
    if kind == TIME:
        lines = objects_at(content, "breakdown")
        return bool(lines) and all(text_at(line, "category") and hours_in(line) is not None for line in lines)
    if kind == EXECUTIVE:
        return tells_who_wrote(content)
    if kind == COST:
        return number_at(content, "monthly_cost") is not None
    if kind == FRICTION:
        clusters = objects_at(content, "clusters")
        return number_at(content, "recurring_share") is not None and (bool(clusters) or content.get("clusters") == [])
    return kind == SCENARIO and number_at(content, "recovered_hours") is not None


def sections_of(sources: Sources) -> list[Section]:
    """Return the sections, known types first, the others sorted by type."""
    known = list(VIEWS)
    told = (kind for kind, content in sources.contents.items() if not is_silent(kind, content))
    kinds = sorted(told, key=lambda kind: (known.index(kind) if kind in known else len(known), kind))
    found = (section_of(kind, sources.contents[kind], sources.deliverables[kind]) for kind in kinds)
    return [section for section in found if section]


def section_of(kind: str, content: Content, deliverable: Deliverable) -> Section | None:
    """Return the section of a deliverable; None if the findings show all of it."""
    about: dict[str, Any] = {
        "kind": kind,
        "deliverable_id": deliverable.pk,
        "agent": deliverable.agent,
        "item_title": translated(deliverable.item.title),
        "delivered_at": deliverable.timestamp,
        "confidence": deliverable.confidence,
        "is_internal": kind in INTERNAL,
    }
    if kind in SHOWN_ELSEWHERE and is_understood(kind, content):
        rest = {key: value for key, value in content.items() if key not in SHOWN_ELSEWHERE[kind]}
        return Section(**about, **generic_parts(kind, rest)) if rest else None
    if kind in MODEL_VIEWS and (made := model_parts(kind, content)):
        return Section(**about, **with_table(*made))
    view = VIEWS.get(kind)
    return Section(**about, **((view(content) if view else None) or generic_parts(kind, content)))


def files_of(sources: Sources) -> list[DeliveredFile]:
    """Return the deliverables that can be downloaded, each with its tables."""
    return [
        DeliveredFile(
            deliverable.pk,
            kind,
            title_of(kind),
            [(key, name_in_words(key)) for key in tables_in(sources.contents[kind])],
            kind in INTERNAL,
        )
        for kind, deliverable in sorted(sources.deliverables.items())
        if text_at(sources.contents[kind], "reason") != NOT_APPROVED
    ]


def title_of(kind: str) -> str:
    """Return the title of a type of deliverable."""
    titles = {
        TIME: _("Where the time goes"),
        COST: _("What it costs"),
        FRICTION: _("What recurs"),
        SCENARIO: _("With an agent"),
        EXECUTIVE: _("Executive summary"),
        "requirements_analysis": _("What was asked for"),
        "development_output": _("Work product"),
        "test_report": _("Checks made"),
    }
    if kind in MODEL_VIEWS:
        return titles_of(kind)[1]
    return titles.get(kind) or name_in_words(kind)


# -- the views of Interlock's own agents; None for content of another shape --------------------------
def requirements(content: Content) -> dict[str, Any] | None:
    """Return the parts of the section about the numbered requirements and the open points."""
    columns = {"number": _("Number"), "text": _("Requirement"), "source_sentence": _("From the sentence")}
    lines, open_points = objects_at(content, "requirements"), content.get("open_points", [])
    if not isinstance(open_points, list) or not (lines or content.get("requirements") == []):
        return None
    words = _("Not answered by this report: %(point)s")
    points = [words % {"point": value_in_words(point)} for point in open_points[:MOST_ROWS]]
    tables = [table_of("requirements", _("Requirements"), lines, columns)] if lines else []
    return {"title": title_of("requirements_analysis"), "tables": tables, "points": points}


def development(content: Content) -> dict[str, Any] | None:
    """Return the parts of the section about the development output: its artifacts with their texts."""
    artifacts = objects_at(content, "artifacts")
    if not artifacts:
        return None
    lines = [{**a, "requirement_numbers": numbers_in_words(a.get("requirement_numbers"))} for a in artifacts]
    columns = {"name": _("Name"), "purpose": _("Purpose"), "requirement_numbers": _("For the requirements")}
    texts = [(text_at(a, "name"), text_at(a, "content")) for a in artifacts[:MOST_TEXTS] if text_at(a, "content")]
    points = [text_at(content, "summary")] if text_at(content, "summary") else []
    tables = [table_of("artifacts", _("Parts"), lines, columns)]
    return {"title": title_of("development_output"), "tables": tables, "points": points, "texts": texts}


def checks(content: Content) -> dict[str, Any] | None:
    """Return the parts of the section about the checks that were made, the failed ones first."""
    lines = objects_at(content, "checks")
    title, facts = (
        title_of("test_report"),
        [(_("Passed"), value_in_words(content.get("passed"))), (_("Failed"), value_in_words(content.get("failed")))],
    )
    if not lines:
        no_checks = _("No check was made: nothing was delivered that has figures to be checked.")
        return {"title": title, "points": [no_checks]} if content.get("checks") == [] else None
    failed_first = sorted(lines, key=lambda line: bool(flag_at(line, "passed")))
    shown = [{**line, "passed": _("passed") if flag_at(line, "passed") else _("failed")} for line in failed_first]
    columns = {
        "passed": _("Result"),
        "name": _("Figure"),
        "expected": _("Expected"),
        "actual": _("Found"),
        "detail": _("Remark"),
    }
    return {"title": title, "facts": facts, "tables": [table_of("checks", _("Checks"), shown, columns)]}


VIEWS: dict[str, Callable[[Content], dict[str, Any] | None]] = {
    "requirements_analysis": requirements,
    "development_output": development,
    "test_report": checks,
}


# -- parts of a section ----------------------------------------------------------------------------
def generic_parts(kind: str, content: Content) -> dict[str, Any]:
    """Return the parts of a section about any content: values, long texts, tables, and everything else as JSON."""
    single = {k: v for k, v in content.items() if v is None or isinstance(v, bool | int | float | str)}
    long = {k: v for k, v in single.items() if isinstance(v, str) and len(v) > LONGEST_FACT}
    tables = tables_in(content)
    return {
        "title": title_of(kind),
        "facts": [(name_in_words(key), value_in_words(value)) for key, value in single.items() if key not in long],
        "tables": [table_of(key, name_in_words(key), rows, {}) for key, rows in tables.items()],
        "texts": [(name_in_words(key), bounded_text(text)) for key, text in long.items()],
        "raw": {k: v for k, v in content.items() if k not in single and k not in tables},
    }


def with_table(parts: Parts, lines: Lines | None) -> Parts:
    """Return the parts of a section with the table of these lines; unchanged if there are none."""
    if lines is None or not lines[2]:
        return parts
    return {**parts, "tables": [table_of(*lines)]}


def table_of(key: str, title: str, rows: Sequence[Content], headings: Mapping[str, str]) -> Table:
    """Return a table of the first MOST_ROWS rows with the columns {key: heading}; all keys if there are none."""
    first_rows = rows[:MOST_ROWS]
    named = headings or {name: name_in_words(name) for name in columns_of(first_rows)[:MOST_COLUMNS]}
    columns = [Column(name, heading, unit_of([row.get(name) for row in first_rows])) for name, heading in named.items()]
    cells = [[cell(row.get(column.key)) for column in columns] for row in first_rows]
    return Table(key, title, columns, cells, len(rows) - len(first_rows))


def unit_of(values: Sequence[Any]) -> Unit:
    """Return what the values of a column measure as far as can be told: numbers, or nothing."""
    if not all(map(is_number, values)):
        return Unit.NONE
    return Unit.COUNT if all(isinstance(value, int) for value in values) else Unit.FACTOR


def cell(value: Any) -> Value:
    """Return a value as a cell: a number unchanged, nothing for None, any other value in words."""
    return value if value is None or is_number(value) else value_in_words(value)


def numbers_in_words(numbers: Any) -> str:
    """Return a list of numbers with commas between them; empty for anything else."""
    return ", ".join(map(value_in_words, numbers)) if isinstance(numbers, list) else ""
