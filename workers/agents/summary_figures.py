"""What the executive summary may speak of: the computed figures, and the names of categories and tasks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, TypeGuard

from workers.models.grounding import Figure, is_plain, ungrounded

Contents = Mapping[str, Mapping[str, Any]]
# (deliverable, key, unit) of each figure that is offered to the model; the name is the key.
OFFERED = (
    ("time_waste_analysis", "rows", "count"),
    ("time_waste_analysis", "total_hours", "hours"),
    ("cost_analysis", "hourly_rate", "money"),
    ("cost_analysis", "monthly_cost", "money"),
    ("cost_analysis", "annual_cost", "money"),
    ("friction_analysis", "cluster_count", "count"),
    ("friction_analysis", "recurring_share", "percent"),
    ("with_agent_scenario", "avoidable_percent", "percent"),
    ("with_agent_scenario", "recovered_hours", "hours"),
    ("with_agent_scenario", "recovered_monthly_cost", "money"),
    ("with_agent_scenario", "recovered_annual_cost", "money"),
)
MOST_NAMES = 5
LONGEST_NAME = 80


@dataclass(frozen=True)
class Named:
    """A category or a task: the reference by which a model names it, its text, and its figures."""

    reference: str
    kind: str
    text: str
    figures: tuple[Figure, ...]


def figures_of(contents: Contents) -> list[Figure]:
    """Return the figures that were delivered."""
    known = ((key, contents.get(kind, {}).get(key), unit) for kind, key, unit in OFFERED)
    return [Figure(key, float(value), unit) for key, value, unit in known if is_figure(value)]


def is_figure(value: object) -> TypeGuard[int | float]:
    """Return True if the value is a number that is not negative."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def names_of(contents: Contents) -> list[Named]:
    """Return the largest categories and tasks, each with its figures and a reference of its own.

    A name that is no plain text, or that states a quantity itself, is left out: as part of the prose it would be a
    figure that nobody computed.
    """
    lines = [
        *largest(contents.get("time_waste_analysis", {}).get("breakdown"), "category", "category"),
        *largest(contents.get("friction_analysis", {}).get("clusters"), "task", "sample_text"),
    ]
    usable = [(kind, text, line) for kind, text, line in lines if is_usable(text)]
    return [
        Named(f"[{letter}]", kind, text, tuple(line_figures(line)))
        for letter, (kind, text, line) in zip(ascii_uppercase, usable, strict=False)
    ]


def is_usable(text: str) -> bool:
    """Return True if the text can stand in prose, in quotation marks."""
    return 0 < len(text) <= LONGEST_NAME and is_plain(text) and not ungrounded(text, [])


def largest(lines: Any, kind: str, key: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return (kind, text, line) of the lines with the most minutes, at most MOST_NAMES."""
    found = [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    found = [line for line in found if isinstance(line.get(key), str) and is_figure(line.get("minutes"))]
    found = [line for line in found if line["minutes"] > 0]
    found = sorted(found, key=lambda line: -line["minutes"])[:MOST_NAMES]
    return [(kind, " ".join(line[key].split()), line) for line in found]


def line_figures(line: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the figures of a category or a task."""
    for key, unit in (("hours", "hours"), ("minutes", "minutes"), ("share_percent", "percent"), ("count", "count")):
        if is_figure(line.get(key)) and not (key == "minutes" and "hours" in line):
            yield Figure(key, float(line[key]), unit)


def figure_json(figure: Figure, currency: str) -> dict[str, str]:
    """Return the figure as a model is given it: its name, and its number in words with its unit."""
    return {"name": figure.name, "words": figure_in_words(figure, currency)}


def figure_in_words(figure: Figure, currency: str) -> str:
    """Return the figure as prose has it, such as "1,234.50 hours"."""
    number = f"{figure.value:,.0f}" if figure.value.is_integer() else f"{figure.value:,.2f}"
    units = {"percent": "%", "hours": " hours", "minutes": " minutes", "money": f" {currency}"}
    return f"{number}{units.get(figure.unit, '')}".strip()


def figures_for(sentence: str, figures: Sequence[Figure], names: Sequence[Named]) -> list[Figure]:
    """Return the figures that a sentence may hold: those of everything, and those of the names that it refers to."""
    return [*figures, *(figure for named in names if named.reference in sentence for figure in named.figures)]
