"""Compute the positions of the nodes of a dependency graph: columns by longest path, few crossings, straight lines.

The steps are those of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures"
(1981). An edge is (key of the dependency, key of the dependant) and leads to the right.

A slot is (key, column). The slot in the node's own column is the node itself. A slot of the same key in a later
column is a lane: the space through which the node's long edges run to columns further right. A link joins two slots in
neighbouring columns; a long edge is a chain of links. `behind` has the links to the left, `ahead` those to the right.
"""

from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

Slot = tuple[str, int]
Columns = list[list[Slot]]
Links = Mapping[Slot, Sequence[Slot]]

SWEEPS = 8  # further sweeps hardly ever improve the order
# In units of the SVG, with the distance to the next slot: a node is drawn 60 units high (`charts.graph.HEIGHT`).
NODE_HEIGHT, LANE_HEIGHT = 78.0, 16.0


def depths(keys: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each node, from 0: the edges of the longest path to it. Raises ValueError for a cycle."""
    depth = dict.fromkeys(keys, 0)
    unplaced_dependencies, dependants = dict.fromkeys(depth, 0), defaultdict(list)
    for before, after in edges:
        unplaced_dependencies[after] += 1
        dependants[before].append(after)
    queue = deque(key for key, count in unplaced_dependencies.items() if not count)
    placed = 0
    while queue:
        key = queue.popleft()
        placed += 1
        for after in dependants[key]:
            depth[after] = max(depth[after], depth[key] + 1)
            unplaced_dependencies[after] -= 1
            if not unplaced_dependencies[after]:
                queue.append(after)
    if placed < len(depth):
        raise ValueError("The edges of a dependency graph make a cycle: leave one of them out.")
    return depth


def slots(depth: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> tuple[Columns, Links, Links]:
    """Return the slots of each column, and {slot: its linked slots} to the left and to the right. Needs a node."""
    last_column = dict(depth)
    links: dict[tuple[Slot, Slot], None] = {}  # a set that keeps its order, so that a graph always looks the same
    for before, after in edges:
        last_column[before] = max(last_column[before], depth[after] - 1)
        links[(before, depth[after] - 1), (after, depth[after])] = None
    columns: Columns = [[] for _column in range(max(depth.values()) + 1)]
    for key, first in depth.items():
        for column in range(first, last_column[key] + 1):
            columns[column].append((key, column))
            if column > first:
                links[(key, column - 1), (key, column)] = None
    behind, ahead = defaultdict(list), defaultdict(list)
    for left, right in links:
        ahead[left].append(right)
        behind[right].append(left)
    return columns, dict(behind), dict(ahead)


def ordered_columns(columns: Columns, behind: Links, ahead: Links) -> Columns:
    """Return the columns with their slots ordered so that few links cross.

    Sweeps go to the right and to the left in turn, and sort each column by its links to the one before; the order with
    the fewest crossings is kept.
    """
    best, fewest = columns, crossings(columns, ahead)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        columns = sorted_by_links(columns, behind) if sweep % 2 == 0 else sorted_by_links(columns[::-1], ahead)[::-1]
        count = crossings(columns, ahead)
        if count < fewest:
            best, fewest = columns, count
    return best


def sorted_by_links(columns: Columns, links: Links) -> Columns:
    """Return the columns; the slots of each are sorted by the mean place of their linked slots (barycenter).

    `links` must lead to the previous column of the list. A place is from 0 (top) to 1; a slot without links keeps its
    own.
    """
    place: dict[Slot, float] = {}
    sorted_columns = []
    for column in columns:
        current = {slot: (i + 0.5) / len(column) for i, slot in enumerate(column)}
        ordered = sorted(column, key=lambda slot: mean([place[other] for other in links.get(slot, ())], current[slot]))
        place.update(zip(ordered, current.values(), strict=True))
        sorted_columns.append(ordered)
    return sorted_columns


def crossings(columns: Columns, ahead: Links) -> int:
    """Return how many pairs of links cross.

    Two links cross if their right ends are in the opposite order of their left ends (an inversion); links with a
    common end do not cross.
    """
    count = 0
    for left, right in pairwise(columns):
        place = {slot: i for i, slot in enumerate(right)}
        ends: list[int] = []  # the right ends of the links from all slots above, sorted
        for slot in left:
            targets = sorted(place[other] for other in ahead.get(slot, ()))
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


def y_coordinates(columns: Columns, behind: Links, ahead: Links, depth: Mapping[str, int]) -> dict[Slot, float]:
    """Return the y coordinate of each slot's middle, near the mean of its linked slots; the topmost is 0.

    The order of the slots is kept, and the least distance between neighbours. Each column is moved twice towards its
    links to the left and twice towards those to the right, in turn.
    """
    offsets = [
        stacked_middles([NODE_HEIGHT if depth[key] == at else LANE_HEIGHT for key, at in column]) for column in columns
    ]
    y = {
        slot: offset - row[-1] / 2
        for column, row in zip(columns, offsets, strict=True)
        for slot, offset in zip(column, row, strict=True)
    }
    for links, step in ((behind, 1), (ahead, -1), (behind, 1), (ahead, -1)):
        for column, row in list(zip(columns, offsets, strict=True))[::step]:
            wanted = [mean([y[other] for other in links.get(slot, ())], y[slot]) for slot in column]
            y.update(zip(column, nearest_places(wanted, row), strict=True))
    top = min(y.values())
    return {slot: value - top for slot, value in y.items()}


def stacked_middles(sizes: Sequence[float]) -> list[float]:
    """Return the middles of boxes of these heights, one below the other; the first middle is 0."""
    return list(accumulate(((upper + lower) / 2 for upper, lower in pairwise(sizes)), initial=0.0))


def nearest_places(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Return the places nearest to the wanted ones (least squares) that keep the order and the least distances.

    `offsets` are the places of the same boxes when they are stacked without gaps.

    Isotonic regression by pooling adjacent violators: neighbours whose wanted places are in the wrong order form a
    block at the mean of their wanted places.
    """
    blocks: list[tuple[float, int]] = []  # (sum of the wanted places less their offsets, number of places)
    for wanted_place, offset in zip(wanted, offsets, strict=True):
        total, count = wanted_place - offset, 1
        # Join the block before as long as its mean is not less than this one's (compared without a division).
        while blocks and blocks[-1][0] * count >= total * blocks[-1][1]:
            block_total, block_count = blocks.pop()
            total, count = total + block_total, count + block_count
        blocks.append((total, count))
    means = [total / count for total, count in blocks for _member in range(count)]
    return [place + offset for place, offset in zip(means, offsets, strict=True)]


def mean(values: Sequence[float], otherwise: float) -> float:
    """Return the mean of the values, or `otherwise` if there are none."""
    return sum(values) / len(values) if values else otherwise
