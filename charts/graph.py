"""A dependency graph from left to right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts.figure import Chart, table, units
from charts.layout import Links, Slot, depths, heights, in_order, slots
from charts.text import cut, wrapped

WIDTH, HEIGHT, GAP, MARGIN = 184.0, 60.0, 56.0, 4.0
ROOM, BOLD = WIDTH - 26, 1.12  # what a text may take, and how much wider a bold one is
# A graph shrinks with the page to this part of its size, so that its text stays legible; then it scrolls.
SMALLEST = 0.75

Edges = list[tuple[str, str]]


@dataclass(frozen=True)
class Node:
    """A node: `state` is a word of charts.css, `words` says the state, `href` makes the node a link."""

    key: str
    label: str
    state: str = ""
    words: str = ""
    href: str = ""


def graph(title: str, nodes: Sequence[Node], edges: Sequence[tuple[str, str]], *, description: str = "") -> SafeString:
    """A dependency graph; edges go from a dependency's key to its dependant's.

    ValueError for a key that is unknown or used twice, for a cycle, and for a link that is not to a page.
    """
    known = {node.key: plain(node) for node in nodes}
    links = checked(nodes, known, edges)
    chart = Chart.of("graph", title, description, (list(known.values()), links))
    if not known:
        return chart.empty()
    depth = depths(known, links)
    columns, behind, ahead = slots(depth, links)
    y = heights(in_order(columns, behind, ahead), behind, ahead, depth)
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    paths = format_html_join("", '<path class="edge" d="{}" marker-end="{}"/>', drawn(chart, ahead, y, depth))
    corners = ((node, left(depth[key]), top(y[key, depth[key]])) for key, node in known.items())
    boxes = format_html_join("", "{}", ((box(*corner),) for corner in corners))
    body = format_html('{}<g aria-hidden="true">{}</g>{}', arrow(chart), paths, boxes)
    picture = chart.picture(width, max(y.values()) + HEIGHT + 2 * MARGIN, body, role="group")
    return chart.figure(canvas(chart, picture, width), listed(chart, known, links))


def plain(node: Node) -> Node:
    """The node with its texts as they read now, where they were to be translated later."""
    return Node(*(str(text) for text in (node.key, node.label, node.state, node.words, node.href)))


def checked(nodes: Sequence[Node], known: dict[str, Node], edges: Sequence[tuple[str, str]]) -> Edges:
    """The edges, each once. ValueError as `graph` promises."""
    if len(known) < len(nodes):
        raise ValueError("Two nodes of a graph have the same key.")
    for key in (key for edge in edges for key in edge):
        if key not in known:
            raise ValueError(f"An edge names {key!r}, which is no node of the graph.")
    for node in known.values():
        if urlsplit(node.href).scheme not in ("", "http", "https"):
            raise ValueError(f"A node links to a page, not to {node.href!r}.")
    return list(dict.fromkeys((before, after) for before, after in edges))


def left(column: int) -> float:
    """The left edge of a column."""
    return MARGIN + column * (WIDTH + GAP)


def top(y: float) -> float:
    """The upper edge of a node at this height."""
    return MARGIN + y


def level(y: float) -> float:
    """Where edges meet a node at this height."""
    return top(y) + HEIGHT / 2


def drawn(chart: Chart, ahead: Links, y: dict[Slot, float], depth: dict[str, int]) -> Iterator[tuple[str, str]]:
    """The path of each link and the marker at its end: an arrow where it meets a node.

    An edge over several columns is a chain of links; edges of one node share them as far as they go together.
    """
    for one, others in ahead.items():
        for other in others:
            lane = depth[other[0]] != other[1]
            yield path(one, other, y, lane=lane), "none" if lane else f"url(#{chart.ident}-arrow)"


def path(one: Slot, other: Slot, y: dict[Slot, float], *, lane: bool) -> str:
    """From the right side of a slot to the left side of one in the next column, and through it if it is a lane."""
    start, end = left(one[1]) + WIDTH, left(other[1])
    bend, before, after = units((start + end) / 2), units(level(y[one])), units(level(y[other]))
    curve = f"M{units(start)} {before}C{bend} {before} {bend} {after} {units(end)} {after}"
    return f"{curve}H{units(end + WIDTH)}" if lane else curve


def arrow(chart: Chart) -> SafeString:
    """The head of the edges."""
    return format_html(
        '<defs><marker id="{}-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0 8 4 0 8Z"/></marker></defs>',
        chart.ident,
    )


def box(node: Node, x: float, y: float) -> SafeString:
    """A node with its label and its state in words; a link if it has an address."""
    whole = f"{node.label}: {node.words}" if node.words else node.label
    inside = format_html(
        '<title>{}</title><rect class="body" x="{}" y="{y}" width="{}" height="{high}" rx="8"/>'
        '<path class="side" d="M{} {}v{}"/>{}',
        whole, units(x), units(WIDTH), units(x + 8), units(y + 10), units(HEIGHT - 20),
        format_html_join("", '<text class="{}" x="{}" y="{}">{}</text>', lines(node, x + 18, y)),
        y=units(y), high=units(HEIGHT),
    )  # fmt: skip
    css = f"node node-{node.state}" if node.state else "node"
    if node.href:
        return format_html('<a class="{}" href="{}">{}</a>', css, node.href, inside)
    return format_html('<g class="{}">{}</g>', css, inside)


def lines(node: Node, x: float, y: float) -> Iterator[tuple[str, str, str, str]]:
    """The lines of text in a node, in its middle: css class, place, text."""
    texts = [("label", text) for text in wrapped(node.label, ROOM / BOLD)]
    texts += [("quiet", cut(node.words, ROOM))] if node.words else []
    first = y + HEIGHT / 2 + 4.5 - 8 * (len(texts) - 1)
    for i, (css, text) in enumerate(texts):
        yield css, units(x), units(first + 16 * i), text


def canvas(chart: Chart, picture: SafeString, width: float) -> SafeString:
    """The picture where it can scroll; the ruler, which shows nothing, keeps it from shrinking too far."""
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><div class="canvas">'
        '<svg class="ruler" aria-hidden="true" width="{}" height="1"/>{}</div></div>',
        chart.title, units(width * SMALLEST), picture,
    )  # fmt: skip


def listed(chart: Chart, known: dict[str, Node], links: Edges) -> SafeString:
    """Each node with its state and what it depends on."""
    needs: dict[str, list[str]] = {key: [] for key in known}
    for before, after in links:
        needs[after].append(known[before].label)
    rows = ((node.label, node.words or "–", ", ".join(needs[key]) or "–") for key, node in known.items())
    state = _("State") if any(node.state for node in known.values()) else _("Note")
    return table(chart.title, (_("Name"), state, _("Depends on")), rows, css="words")
