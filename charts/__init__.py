"""Charts as SVG from the server: no script, a name and a table to each, and never colour alone."""

from charts.graph import Node, graph
from charts.plots import bars, donut, line, stacked

__all__ = ["Node", "bars", "donut", "graph", "line", "stacked"]
