"""The tables of a report: hours by category, the recurring tasks, hours by week, waits, the coefficients."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from reports.categories import category_in_words
from reports.contents import count_at, number_at, object_at, objects_at, text_at
from reports.findings import hours_in
from reports.model import Column, Finding, RowsBehind, Table, Unit, Value
from reports.scenario import sensitivity_table
from reports.sources import FRICTION, TIME, Sources


def tables_of(sources: Sources, recurring: list[Finding]) -> list[Table]:
    """Return the tables whose data were delivered."""
    sensitivity = sensitivity_table(sources)
    found = [*by_category(sources), *recurring_tasks(recurring), *by_week(sources), *longest_waits(sources)]
    return [*found, sensitivity] if sensitivity else found


def by_category(sources: Sources) -> Iterator[Table]:
    """Yield the table of the hours by category, with their cost in a month where it is known."""
    lines = [
        (text_at(line, "category"), hours)
        for line in objects_at(sources.content(TIME), "breakdown")
        if (hours := hours_in(line)) is not None
    ]
    if not lines:
        return
    columns = [
        Column("category", _("Category")),
        Column("hours", _("Hours in the period"), Unit.HOURS),
        Column("share_percent", _("Share"), Unit.PERCENT),
        Column("monthly_hours", _("Hours a month"), Unit.HOURS),
        Column("monthly_cost", _("Cost a month"), Unit.MONEY),
    ]
    whole = sum(hours for _category, hours in lines)
    rows = [
        [
            category_in_words(category),
            hours,
            100 * hours / whole if whole else 0.0,
            sources.monthly(hours),
            sources.monthly_money(hours),
        ]
        for category, hours in lines
    ]
    behind = [RowsBehind("category", category) if category else None for category, _hours in lines]
    summed = frozenset({"hours", "share_percent", "monthly_hours", "monthly_cost"})
    yield without_empty_columns(
        Table("categories", _("Hours by category"), columns, rows, summed=summed, behind=behind)
    )


def recurring_tasks(recurring: list[Finding]) -> Iterator[Table]:
    """Yield the table of the recurring tasks, each with its verdict and the reason for it."""
    columns = [
        Column("task", _("Task")),
        Column("name_by_model", _("Name by a language model")),
        Column("count", _("Times"), Unit.COUNT),
        Column("hours", _("Hours in the period"), Unit.HOURS),
        Column("monthly_cost", _("Cost a month"), Unit.MONEY),
        Column("automatable", _("Could be automated")),
        Column("why", _("Why")),
    ]
    if recurring:
        summed, behind = frozenset({"count", "hours", "monthly_cost"}), [task.rows for task in recurring]
        rows = [recurring_line(task) for task in recurring]
        table = Table("recurring", _("Recurring tasks"), columns, rows, summed=summed, behind=behind)
        yield without_empty_columns(table)


def recurring_line(task: Finding) -> list[Value]:
    """Return the line of one recurring task."""
    count = task.rows.count if task.rows else None
    name = task.name_by_model or None
    return [task.title, name, count, task.hours, task.monthly_money, task.automatable, task.why or None]


def by_week(sources: Sources) -> Iterator[Table]:
    """Yield the table of the hours in each week."""
    lines = objects_at(sources.content(TIME), "by_week")
    columns = [Column("week", _("Week")), Column("first", _("First day")), Column("hours", _("Hours"), Unit.HOURS)]
    rows = [[text_at(line, "week"), text_at(line, "first"), number_at(line, "hours")] for line in lines]
    if rows:
        yield Table("weeks", _("Hours in each week"), columns, rows, summed=frozenset({"hours"}))


def longest_waits(sources: Sources) -> Iterator[Table]:
    """Yield the table of the steps of a case between which it waits longest."""
    lines = objects_at(object_at(sources.content(FRICTION), "waiting"), "longest")
    columns = [
        Column("from", _("After")),
        Column("to", _("Before")),
        Column("median_minutes", _("Half wait longer than"), Unit.MINUTES),
        Column("count", _("Times"), Unit.COUNT),
    ]
    rows = [
        [text_at(line, "from"), text_at(line, "to"), number_at(line, "median_minutes"), count_at(line, "count")]
        for line in lines
    ]
    if rows:
        yield Table("waits", _("The longest waits between two steps"), columns, rows)


def without_empty_columns(table: Table) -> Table:
    """Return the table without the columns that have no value in any row."""
    kept = [i for i in range(len(table.columns)) if any(row[i] is not None for row in table.rows)]
    columns, rows = [table.columns[i] for i in kept], [[row[i] for i in kept] for row in table.rows]
    return Table(table.key, table.title, columns, rows, table.left, table.summed, table.behind)
