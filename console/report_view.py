"""Show the report of a project at the terminal, as tables with bars."""

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from reports.figures import money_in_words
from reports.periods import period_in_words

BAR_WIDTH = 24
CLUSTERS_SHOWN = 8
# With this width, a task, its number and its bar fit into 80 columns.
LONGEST_TASK = 41

Content = dict[str, Any]


def report_parts(title: str, deliverables: dict[str, Content]) -> RenderableType:
    """Return the report: one part for each deliverable of a known kind."""
    parts = [part for kind in VIEWS if kind in deliverables for part in part_of_report(kind, deliverables[kind])]
    return Group(Text(f"\n{title}\n", style="bold"), *parts) if parts else Text("There are no figures to show.")


def part_of_report(kind: str, content: Content) -> list[RenderableType]:
    """Return the view of one deliverable; only its name if its content has an unexpected shape."""
    try:
        return list(VIEWS[kind](content))
    except (AttributeError, KeyError, TypeError, ValueError):
        return [Text(f"{kind} has another shape than expected; use --json to see its content", style="yellow")]


def bar(share: float, style: str = "cyan") -> Text:
    """Return a bar for a share in percent, from 0 to 100."""
    filled = round(BAR_WIDTH * min(max(share, 0), 100) / 100)
    return Text.assemble(("█" * filled, style), ("░" * (BAR_WIDTH - filled), "dim"))


def time_waste(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the time analysis: hours by category."""
    table = Table(title="Where the time goes", title_justify="left", title_style="bold")
    table.add_column("Category")
    for heading in ("Hours", "Share"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for line in content["breakdown"]:
        share = line["share_percent"]
        table.add_row(line["category"], f"{line['hours']:,.2f}", f"{share:.2f}%", bar(share))
    table.add_section()
    table.add_row("Total", f"{content['total_hours']:,.2f}", "100%", "")
    yield table


def cost(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the cost analysis."""
    table = Table(title="What it costs", title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    labels = {"total_hours": "Hours", "hourly_rate": "Hourly rate", "monthly_cost": "A month", "annual_cost": "A year"}
    for key, words in labels.items():
        currency = content.get("currency", "") if key != "total_hours" else ""
        table.add_row(words, money_in_words(content[key], currency))
    if period := period_in_words(content.get("period")):
        table.add_row("Period", period)
    yield table


def friction(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the friction analysis: the recurring tasks."""
    title = f"What recurs: {content['recurring_share']:.2f}% of {content['total_rows']:,} tasks"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("Task", no_wrap=True, overflow="ellipsis", max_width=LONGEST_TASK)
    table.add_column("Times", justify="right")
    table.add_column("", no_wrap=True)
    most = max((cluster["count"] for cluster in content["clusters"]), default=1)
    for cluster in content["clusters"][:CLUSTERS_SHOWN]:
        share = 100 * cluster["count"] / most
        table.add_row(cluster["sample_text"], f"{cluster['count']:,}", bar(share, "magenta"))
    yield table
    not_shown = content.get("cluster_count", len(content["clusters"])) - CLUSTERS_SHOWN
    if not_shown > 0:
        yield Text(f"and {not_shown} more kinds of task", style="dim")


def scenario(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the scenario: its summary."""
    yield Panel(Text(content["summary"]), title="With an agent", title_align="left", border_style="green")


def checks(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the test report: the numbers of checks, and each failed check."""
    style = "green" if not content["failed"] else "red"
    yield Text(f"Checks: {content['passed']} passed, {content['failed']} failed", style=style)
    for check in content["checks"]:
        if not check["passed"]:
            yield Text(f"  ✗ {check['name']}: {check['expected']} expected, {check['actual']} found", style="red")


def requirements(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the numbered requirements and the open points."""
    lines = [f"{line['number']}. {line['text']}" for line in content["requirements"]]
    open_points = [f"Not answered by this report: {point}" for point in content.get("open_points", [])]
    if lines or open_points:
        yield Panel(Text("\n".join([*lines, *open_points])), title="What was asked for", title_align="left")


def development(content: Content) -> Iterator[RenderableType]:
    """Yield the view of the development output: its artifacts."""
    lines = [f"{artifact['name']}: {artifact['purpose']}" for artifact in content.get("artifacts", [])]
    if lines:
        yield Panel(Text("\n".join(lines)), title="Work product", title_align="left")


VIEWS: dict[str, Callable[[Content], Iterator[RenderableType]]] = {
    "requirements_analysis": requirements,
    "development_output": development,
    "time_waste_analysis": time_waste,
    "cost_analysis": cost,
    "friction_analysis": friction,
    "with_agent_scenario": scenario,
    "test_report": checks,
}
