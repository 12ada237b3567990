"""Draw charts as SVG on the server, without scripts.

Each chart has a name and a table of its numbers, and never tells two things apart by colour alone.
"""

from charts.graph import Node, graph
from charts.plots import bars, donut, line, stacked

__all__ = ["Node", "bars", "donut", "graph", "line", "stacked"]
