"""What a measurement found, and the table that shows it.

`python -m benchmarks` names the file in BENCH_FIGURES; each measurement adds its figures to it, a line of JSON each.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "BENCH_FIGURES"
HEADS = ("measured", "figure", "beside", "ratio")


@dataclass(frozen=True)
class Figure:
    """A figure with its unit, and what it stands beside: another figure of the same run, and what that one is."""

    name: str
    value: float
    unit: str = ""
    beside: float | None = None
    other: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """Return the name, the figure, what it stands beside, and the ratio of the two, as text."""
        figure = f"{short(self.value)} {self.unit}".strip()
        if self.beside is None:
            return self.name, figure, self.other, ""
        ratio = f"{self.value / self.beside:.2f}" if self.beside else ""
        return self.name, figure, f"{short(self.beside)} {self.other}".strip(), ratio


def short(value: float) -> str:
    """Return the number with three or more digits that say something, and none that do not."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table, a line each."""
    rows = [HEADS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    name, figure, beside, ratio = widths
    return "\n".join(f"{r[0]:<{name}}  {r[1]:>{figure}}  {r[2]:>{beside}}  {r[3]:>{ratio}}".rstrip() for r in rows)


def publish(figures: Sequence[Figure]) -> None:
    """Print the figures as a table, or add them to the file of whoever runs several measurements."""
    file = os.environ.get(FILE)
    if file is None:
        print(f"\n{table(figures)}", flush=True)
    else:
        with Path(file).open("a") as lines:
            lines.writelines(json.dumps(asdict(figure)) + "\n" for figure in figures)


def published(file: Path) -> list[Figure]:
    """Return the figures that measurements added to the file."""
    return [Figure(**json.loads(line)) for line in file.read_text().splitlines()]
