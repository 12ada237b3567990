#!/usr/bin/env python
"""Draw a trace as an SVG picture: a line for each span, under the span from which it followed, against the time.

`python scripts/trace_picture.py SPANS.json OUT.svg`. The spans are those that `RECORD=FOLDER` of
`tests/rehearsals/test_one_trace.py` keeps: objects with service, name, span, parent, start and end (nanoseconds).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

Span = dict[str, Any]
# In pixels: the height of a line, where the bars begin, the width of the picture, and the step to a child's name.
LINE, LEFT, WIDTH, STEP = 22, 430, 1160, 10
TOP, RIGHT = 62, 70
# Processes that a picture tells apart, in colours with enough contrast on white, which differ in lightness too.
COLOURS = ("#1d5bbf", "#d98014", "#1f7a4d", "#8a3fa0", "#4b6b7b")
STYLE = "text{font:13px system-ui,sans-serif;fill:#1a2130}.quiet{fill:#556072;font-size:12px}.end{text-anchor:end}"


def in_order(spans: list[Span]) -> Iterator[tuple[int, Span]]:
    """Yield (depth, span) with each span under its parent, and those of one parent by their time."""
    ids = {span["span"] for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span["start"]):
        children.setdefault(span["parent"] if span["parent"] in ids else "", []).append(span)

    def below(parent: str, depth: int) -> Iterator[tuple[int, Span]]:
        for span in children.get(parent, []):
            yield depth, span
            yield from below(span["span"], depth + 1)

    return below("", 0)


def picture(spans: list[Span]) -> str:
    """Return the SVG."""
    lines = list(in_order(spans))
    begin, end = min(span["start"] for span in spans), max(span["end"] for span in spans)
    scale = (WIDTH - LEFT - RIGHT) / (end - begin)
    colours = dict(zip(dict.fromkeys(span["service"] for _, span in lines), COLOURS, strict=False))
    height = TOP + LINE * len(lines) + 12
    title = f"One trace: {len(lines)} spans in {len(colours)} processes, {(end - begin) / 1e6:.0f} ms"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *legend(colours),
        *axis((end - begin) / 1e6, height),
    ]
    for number, (depth, span) in enumerate(lines):
        parts += bar(span, depth, TOP + LINE * number, begin, scale, colours[span["service"]])
    return "\n".join([*parts, "</svg>\n"])


def legend(colours: dict[str, str]) -> Iterator[str]:
    """Yield the names of the processes with their colours."""
    for number, (service, colour) in enumerate(colours.items()):
        x = 12 + 270 * number
        yield f'<rect x="{x}" y="10" width="14" height="14" rx="2" fill="{colour}"/>'
        yield f'<text x="{x + 20}" y="22">{escape(service)}</text>'


def axis(milliseconds: float, height: int) -> Iterator[str]:
    """Yield a line for each quarter of the time, with its milliseconds."""
    for quarter in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * quarter / 4
        yield f'<path d="M{x:.1f} {TOP - 8}V{height - 8}" stroke="#d5dae2"/>'
        yield f'<text class="quiet" x="{x:.1f}" y="{TOP - 14}">{milliseconds * quarter / 4:.0f} ms</text>'


def bar(span: Span, depth: int, y: int, begin: int, scale: float, colour: str) -> Iterator[str]:
    """Yield the name of the span, its bar, and how long it took."""
    x, width = LEFT + (span["start"] - begin) * scale, max((span["end"] - span["start"]) * scale, 2.0)
    words = f"{(span['end'] - span['start']) / 1e6:.0f} ms"
    yield f'<text x="{12 + STEP * depth}" y="{y + 15}">{escape(span["name"])}</text>'
    yield f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="14" rx="2" fill="{colour}"/>'
    yield f'<text class="quiet" x="{x + width + 5:.1f}" y="{y + 15}">{words}</text>'


def main() -> None:
    """Read the spans of the first argument and write the picture to the second."""
    if len(sys.argv) != 3:
        sys.exit("Usage: python scripts/trace_picture.py SPANS.json OUT.svg")
    spans = json.loads(Path(sys.argv[1]).read_text())
    if not spans:
        sys.exit(f"{sys.argv[1]} holds no spans.")
    Path(sys.argv[2]).write_text(picture(spans))
    print(f"{sys.argv[2]}: {len(spans)} spans")


if __name__ == "__main__":
    main()
