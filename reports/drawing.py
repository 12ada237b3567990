"""Draw the plots of a report: as figures of a page, and as pictures that stand alone, for a PDF."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.safestring import SafeString

from charts import bars, donut, heat, line, ranges
from reports.model import Plot

PICTURE = re.compile(r"<svg[^>]*>.*?</svg>", re.DOTALL)
# The colours of a picture that no style sheet reaches: those of the light page.
COLOURS = ("#1d5bbf", "#b4690e", "#1f7a4d", "#8a3fa0", "#b3374b", "#4b6b7b")
STYLES = (
    "text{font-family:sans-serif;font-size:13px;fill:#1a2130}.quiet{font-size:12px;fill:#556072}"
    ".end{text-anchor:end}.middle{text-anchor:middle}.total{font-size:20px;font-weight:bold}"
    ".hatch{fill:none;stroke:#fff;stroke-width:2;stroke-linecap:round}.rail{fill:#d5dae2;opacity:.5}"
    ".arc{fill:none;stroke-width:36}.line{fill:none;stroke:#1d5bbf;stroke-width:2}.grid,.base{stroke:#d5dae2}"
    ".cell{fill:#eef1f5}.span{fill:#1d5bbf;opacity:.45}.mark{stroke:#1a2130;stroke-width:3}"
    + "".join(f".fill-{number}{{fill:{colour}}}" for number, colour in enumerate(COLOURS, start=1))
    + "".join(f".heat-{step}{{opacity:{step / 5}}}" for step in range(1, 6))
)


def figure_of(plot: Plot) -> SafeString:
    """Return the plot as a figure of a page: a caption, the picture, and the folded table of its numbers."""
    about: dict[str, Any] = {"unit": plot.unit, "description": plot.description}
    if plot.kind == "heat":
        return heat(plot.title, plot.columns, [(label, values) for label, *values in plot.series], **about)
    if plot.kind == "range":
        return ranges(plot.title, [(label, low, value, high) for label, low, value, high in plot.series], **about)
    draw: Callable[..., SafeString] = {"donut": donut, "line": line}.get(plot.kind, bars)
    return draw(plot.title, [(label, value) for label, value in plot.series], **about)


def picture_of(plot: Plot) -> str:
    """Return the plot as one SVG document with its own colours; empty if there is nothing to draw.

    A ring has no labels in it: whoever places the picture writes its series beside it, in `COLOURS` by turns.
    """
    found = PICTURE.search(figure_of(plot))
    if found is None:
        return ""
    head, bracket, body = found.group().partition(">")
    return f"{head}{bracket}<style>{STYLES}</style>{body}"
