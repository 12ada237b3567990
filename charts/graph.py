"""Draw a dependency graph as SVG, from left to right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from charts.figure import Chart, coordinate, values_table
from charts.layout import Links, Slot, depths, ordered_columns, slots, y_coordinates
from charts.text import cut_text, wrapped_text

WIDTH, HEIGHT, GAP, MARGIN = 184.0, 60.0, 56.0, 4.0
ROOM, BOLD = WIDTH - 26, 1.12  # the width for a node's text, and the factor by which bold text is wider
# A graph shrinks with the page down to this fraction of its size, so that its text stays readable; then it scrolls.
SMALLEST = 0.75

Edges = list[tuple[str, str]]


@dataclass(frozen=True)
class Node:
    """A node: `state` selects a colour of charts.css, `words` is the state as text, `href` makes the node a link."""

    key: str
    label: str
    state: str = ""
    words: str = ""
    href: str = ""


def graph(title: str, nodes: Sequence[Node], edges: Sequence[tuple[str, str]], *, description: str = "") -> SafeString:
    """Return the figure of a dependency graph; an edge is (key of the dependency, key of the dependant).

    Raises ValueError for a key that is unknown or used twice, for a cycle, and for an `href` that is not http(s).
    """
    nodes_by_key = {node.key: with_plain_texts(node) for node in nodes}
    links = checked_edges(nodes, nodes_by_key, edges)
    chart = Chart.of("graph", title, description, (list(nodes_by_key.values()), links))
    if not nodes_by_key:
        return chart.empty()
    depth = depths(nodes_by_key, links)
    columns, behind, ahead = slots(depth, links)
    y = y_coordinates(ordered_columns(columns, behind, ahead), behind, ahead, depth)
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    paths = format_html_join("", '<path class="edge" d="{}" marker-end="{}"/>', edge_paths(chart, ahead, y, depth))
    corners = ((node, left(depth[key]), top(y[key, depth[key]])) for key, node in nodes_by_key.items())
    boxes = format_html_join("", "{}", ((box(*corner),) for corner in corners))
    body = format_html('{}<g aria-hidden="true">{}</g>{}', arrow(chart), paths, boxes)
    picture = chart.picture(width, max(y.values()) + HEIGHT + 2 * MARGIN, body, role="group")
    return chart.figure(canvas(chart, picture, width), node_table(chart, nodes_by_key, links))


def with_plain_texts(node: Node) -> Node:
    """Return the node with lazy translations replaced by plain texts in the current language."""
    return Node(*(str(text) for text in (node.key, node.label, node.state, node.words, node.href)))


def checked_edges(nodes: Sequence[Node], nodes_by_key: dict[str, Node], edges: Sequence[tuple[str, str]]) -> Edges:
    """Return the edges without repetitions. Raises ValueError for the faults that `graph` names, except cycles."""
    if len(nodes_by_key) < len(nodes):
        raise ValueError("Two nodes of a graph have the same key: give each node its own key.")
    for key in (key for edge in edges for key in edge):
        if key not in nodes_by_key:
            raise ValueError(f"An edge names {key!r}, which is no node of the graph.")
    for node in nodes_by_key.values():
        if urlsplit(node.href).scheme not in ("", "http", "https"):
            raise ValueError(f"A node links to a page, not to {node.href!r}.")
    return list(dict.fromkeys((before, after) for before, after in edges))


def left(column: int) -> float:
    """Return the x coordinate of a column's left edge."""
    return MARGIN + column * (WIDTH + GAP)


def top(y: float) -> float:
    """Return the y coordinate of a node's upper edge."""
    return MARGIN + y


def level(y: float) -> float:
    """Return the y coordinate at which edges meet a node."""
    return top(y) + HEIGHT / 2


def edge_paths(chart: Chart, ahead: Links, y: dict[Slot, float], depth: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield (SVG path, end marker) of each link; the marker is an arrow if the link ends at a node.

    An edge over several columns is a chain of links; the edges of one node share the links of their common way.
    """
    for source, targets in ahead.items():
        for target in targets:
            lane = depth[target[0]] != target[1]
            yield path(source, target, y, lane=lane), "none" if lane else f"url(#{chart.ident}-arrow)"


def path(source: Slot, target: Slot, y: dict[Slot, float], *, lane: bool) -> str:
    """Return the SVG path from a slot to one in the next column; it continues through the target if that is a lane."""
    start, end = left(source[1]) + WIDTH, left(target[1])
    bend, before, after = coordinate((start + end) / 2), coordinate(level(y[source])), coordinate(level(y[target]))
    curve = f"M{coordinate(start)} {before}C{bend} {before} {bend} {after} {coordinate(end)} {after}"
    return f"{curve}H{coordinate(end + WIDTH)}" if lane else curve


def arrow(chart: Chart) -> SafeString:
    """Return the SVG definition of the arrow head at the end of an edge."""
    return format_html(
        '<defs><marker id="{}-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0 8 4 0 8Z"/></marker></defs>',
        chart.ident,
    )


def box(node: Node, x: float, y: float) -> SafeString:
    """Return the SVG of a node with its label and its state in words; a link if the node has an `href`."""
    full_text = f"{node.label}: {node.words}" if node.words else node.label
    inside = format_html(
        '<title>{}</title><rect class="body" x="{}" y="{y}" width="{}" height="{high}" rx="8"/>'
        '<path class="side" d="M{} {}v{}"/>{}',
        full_text, coordinate(x), coordinate(WIDTH), coordinate(x + 8), coordinate(y + 10), coordinate(HEIGHT - 20),
        format_html_join("", '<text class="{}" x="{}" y="{}">{}</text>', lines(node, x + 18, y)),
        y=coordinate(y), high=coordinate(HEIGHT),
    )  # fmt: skip
    css = f"node node-{node.state}" if node.state else "node"
    if node.href:
        return format_html('<a class="{}" href="{}">{}</a>', css, node.href, inside)
    return format_html('<g class="{}">{}</g>', css, inside)


def lines(node: Node, x: float, y: float) -> Iterator[tuple[str, str, str, str]]:
    """Yield (CSS class, x, y, text) of each line of text in a node, centred vertically."""
    texts = [("label", text) for text in wrapped_text(node.label, ROOM / BOLD)]
    texts += [("quiet", cut_text(node.words, ROOM))] if node.words else []
    first = y + HEIGHT / 2 + 4.5 - 8 * (len(texts) - 1)
    for i, (css, text) in enumerate(texts):
        yield css, coordinate(x), coordinate(first + 16 * i), text


def canvas(chart: Chart, picture: SafeString, width: float) -> SafeString:
    """Return the picture in a scrolling region; an invisible `ruler` keeps it at least SMALLEST of its size."""
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><div class="canvas">'
        '<svg class="ruler" aria-hidden="true" width="{}" height="1"/>{}</div></div>',
        chart.title, coordinate(width * SMALLEST), picture,
    )  # fmt: skip


def node_table(chart: Chart, nodes_by_key: dict[str, Node], links: Edges) -> SafeString:
    """Return the table of the nodes: name, state, and the nodes that each depends on."""
    needs: dict[str, list[str]] = {key: [] for key in nodes_by_key}
    for before, after in links:
        needs[after].append(nodes_by_key[before].label)
    rows = ((node.label, node.words or "–", ", ".join(needs[key]) or "–") for key, node in nodes_by_key.items())
    state = _("State") if any(node.state for node in nodes_by_key.values()) else _("Note")
    return values_table(chart.title, (_("Name"), state, _("Depends on")), rows, css="words")
