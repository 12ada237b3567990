"""Draw charts as SVG on the server, without scripts.

Each chart has a name and a table of its numbers, and never tells two things apart by colour alone.
"""

from charts.graph import Node, graph
from charts.heat import heat
from charts.plots import bars, donut, line, stacked
from charts.ranges import ranges

__all__ = ["Node", "bars", "donut", "graph", "heat", "line", "ranges", "stacked"]
