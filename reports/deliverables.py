"""Turn a deliverable's content into a view that a person reads: facts, plots, tables and texts.

The deliverables of Interlock's own agents have special views. Any other content, of any shape, gets a generic view.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts import bars, donut
from pages.admin_pages import bounded_text, json_as_html
from pages.presentation import state_word
from reports.figures import columns_of, is_number, name_in_words, tables_in, value_in_words

MOST_ROWS = 200
MOST_BARS = 10
MOST_SLICES = 5
MOST_TEXTS = 50
MOST_COLUMNS = 12
LONGEST_FACT = 300

Content = Mapping[str, Any]
Fact = tuple[str, str]


@dataclass(frozen=True)
class Table:
    """A table for reading: `name` is its key in the content, `left` is the number of rows left out.

    `numeric` holds the indexes of the columns of numbers.
    """

    name: str
    title: str
    columns: list[str]
    rows: list[list[Any]]
    numeric: frozenset[int] = frozenset()
    left: int = 0


@dataclass(frozen=True)
class View:
    """A deliverable prepared for reading: `texts` are long (name, text) pairs to unfold, `points` short sentences.

    `raw` is the HTML of the content that fits nowhere else.
    """

    title: str
    facts: list[Fact] = field(default_factory=list)
    plots: list[SafeString] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    texts: list[Fact] = field(default_factory=list)
    raw: str = ""


def view_of(kind: str, contents: Mapping[str, Content]) -> View:
    """Return the special view of the deliverable's kind; the generic view for an unknown kind or unexpected content.

    `contents` holds the contents of all the project's deliverables by kind.
    """
    if kind not in VIEWS:
        return generic_view(kind, contents[kind])
    try:
        return VIEWS[kind](contents[kind], contents)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError):
        return generic_view(kind, contents[kind])


# -- the views of Interlock's own agents -----------------------------------------------------------
def time_waste(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the time analysis: minutes by category."""
    lines = content["breakdown"]
    minutes = [(line["category"], float(line["minutes"])) for line in lines]
    columns = {"category": _("Category"), "hours": _("Hours"), "minutes": _("Minutes"), "share_percent": _("Percent")}
    facts = {"total_hours": _("Hours"), "rows": _("Rows"), "rows_without_estimate": _("Rows without a duration")}
    return View(
        _("Where the time goes"),
        facts=facts_of(content, facts),
        plots=[
            bars(_("Minutes by category"), with_rest(minutes, MOST_BARS), unit="min"),
            donut(_("Share of the time"), with_rest(minutes, MOST_SLICES), unit="min"),
        ],
        tables=[table_of("breakdown", _("By category"), lines, columns)],
    )


def cost(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the cost analysis."""
    words = {
        "total_hours": _("Hours"),
        "hourly_rate": _("Hourly rate"),
        "monthly_cost": _("A month"),
        "annual_cost": _("A year"),
    }
    return View(_("What it costs"), facts=facts_of(content, words))


def friction(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the friction analysis: the recurring tasks."""
    clusters = content["clusters"]
    counted = [(str(cluster["sample_text"]), float(cluster["count"])) for cluster in clusters]
    columns = {"sample_text": _("Task"), "count": _("Times"), "minutes": _("Minutes")}
    words = {
        "total_rows": _("Tasks"),
        "recurring_count": _("Recurring tasks"),
        "recurring_share": _("Recurring, in percent"),
        "avoidable_percent": _("Avoidable, in percent"),
        "cluster_count": _("Kinds of recurring task"),
    }
    return View(
        _("What recurs"),
        facts=facts_of(content, words),
        plots=[bars(_("The most frequent tasks"), counted[:MOST_BARS], unit="×")] if counted else [],
        tables=[table_of("clusters", _("Recurring tasks"), clusters, columns)] if clusters else [],
    )


def scenario(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the scenario with an agent, compared with the present cost if that was delivered."""
    words = {
        "avoidable_percent": _("Could be taken over, in percent"),
        "recovered_hours": _("Hours a month"),
        "recovered_monthly_cost": _("Saved a month"),
        "recovered_annual_cost": _("Saved a year"),
        "hourly_rate": _("Hourly rate"),
    }
    now = contents.get("cost_analysis", {}).get("monthly_cost")
    saved = float(content["recovered_monthly_cost"])
    compared = [(_("Now"), float(now)), (_("With an agent"), float(now) - saved)] if is_number(now) else []
    plots = [bars(_("Cost a month, now and with an agent"), compared)] if compared else []
    return View(_("With an agent"), facts=facts_of(content, words), plots=plots)


def requirements(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the numbered requirements and the open points."""
    columns = {"number": _("Number"), "text": _("Requirement"), "source_sentence": _("From the sentence")}
    lines = content["requirements"]
    points = [
        _("Not answered by this report: %(point)s") % {"point": point}
        for point in content.get("open_points", [])[:MOST_ROWS]
    ]
    tables = [table_of("requirements", _("Requirements"), lines, columns)] if lines else []
    return View(_("What was asked for"), tables=tables, points=points)


def development(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the development output: its artifacts with their texts."""
    artifacts = content["artifacts"]
    lines = [{**a, "requirement_numbers": ", ".join(map(str, a.get("requirement_numbers", [])))} for a in artifacts]
    columns = {"name": _("Name"), "purpose": _("Purpose"), "requirement_numbers": _("For the requirements")}
    texts = [(str(a["name"]), bounded_text(str(a["content"]))) for a in artifacts[:MOST_TEXTS] if a.get("content")]
    points = [bounded_text(content["summary"])] if isinstance(content.get("summary"), str) else []
    tables = [table_of("artifacts", _("Parts"), lines, columns)] if lines else []
    return View(_("Work product"), tables=tables, points=points, texts=texts)


def checks(content: Content, contents: Mapping[str, Content]) -> View:
    """Return the view of the test report: all checks, the failed ones first."""
    passed, failed = state_word("done", _("passed")), state_word("failed", _("failed"))
    in_order = sorted(content["checks"], key=lambda check: bool(check["passed"]))
    lines = [{**check, "passed": passed if check["passed"] else failed} for check in in_order]
    columns = {
        "passed": _("Result"),
        "name": _("Figure"),
        "expected": _("Expected"),
        "actual": _("Found"),
        "detail": _("Remark"),
    }
    facts = facts_of(content, {"passed": _("Passed"), "failed": _("Failed")})
    no_checks = _("No check was made: nothing was delivered that has figures to be checked.")
    tables = [table_of("checks", _("Checks"), lines, columns)] if lines else []
    return View(_("Checks made"), facts=facts, tables=tables, points=[] if lines else [no_checks])


VIEWS: dict[str, Callable[[Content, Mapping[str, Content]], View]] = {
    "with_agent_scenario": scenario,
    "time_waste_analysis": time_waste,
    "cost_analysis": cost,
    "friction_analysis": friction,
    "requirements_analysis": requirements,
    "development_output": development,
    "test_report": checks,
}


# -- parts of a view -------------------------------------------------------------------------------
def generic_view(kind: str, content: Content) -> View:
    """Return a view of any content: single values as facts, long texts to unfold, lists of objects as tables.

    All other values are shown as JSON.
    """
    single = {k: v for k, v in content.items() if v is None or isinstance(v, bool | int | float | str)}
    long = {k: v for k, v in single.items() if isinstance(v, str) and len(v) > LONGEST_FACT}
    tables = tables_in(content)
    other_values = {k: v for k, v in content.items() if k not in single and k not in tables}
    return View(
        name_in_words(kind),
        facts=[(name_in_words(key), value_in_words(value)) for key, value in single.items() if key not in long],
        tables=[table_of(key, name_in_words(key), rows, {}) for key, rows in tables.items()],
        texts=[(name_in_words(key), bounded_text(text)) for key, text in long.items()],
        raw=json_as_html(other_values) if other_values else "",
    )


def facts_of(content: Content, words: Mapping[str, str]) -> list[Fact]:
    """Return (label, value in words) for each key of `words` that has a value in the content."""
    return [(label, value_in_words(content[key])) for key, label in words.items() if content.get(key) is not None]


def table_of(name: str, title: str, rows: Sequence[Content], columns: Mapping[str, str]) -> Table:
    """Return a table of the first MOST_ROWS rows with the columns {key: heading}; all keys if `columns` is empty."""
    first_rows = rows[:MOST_ROWS]
    headings = columns or {key: name_in_words(key) for key in columns_of(first_rows)[:MOST_COLUMNS]}
    cells = [[cell_of(row.get(key)) for key in headings] for row in first_rows]
    numeric = {i for i, key in enumerate(headings) if all(is_number(row.get(key)) for row in first_rows)}
    return Table(name, title, list(headings.values()), cells, frozenset(numeric), len(rows) - len(first_rows))


def cell_of(value: Any) -> str:
    """Return a value as the text of a table cell; empty for None."""
    if isinstance(value, SafeString):
        return value
    return "" if value is None else value_in_words(value)


def with_rest(rows: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Return the first `most` rows and one row with the sum of all others; a single other row is kept itself."""
    if len(rows) <= most + 1:
        return list(rows)
    return [*rows[:most], (_("All others"), round(sum(value for _label, value in rows[most:]), 2))]
