"""Where the nodes of a dependency graph stand: columns by longest path, few crossings, straight lines.

A slot is (key, column). In its own column a node's slot is the node. In later columns it is a lane: the room that the
node's long edges share on their way to the columns behind.
"""

from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

Slot = tuple[str, int]
Columns = list[list[Slot]]
Links = Mapping[Slot, Sequence[Slot]]

SWEEPS = 8  # beyond these the order hardly ever improves
NODE, LANE = 78.0, 16.0  # units from top to bottom, with the distance to the next


def depths(keys: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The column of each node: the length of the longest path to it. ValueError if the edges make a cycle."""
    depth = dict.fromkeys(keys, 0)
    waits, later = dict.fromkeys(depth, 0), defaultdict(list)
    for before, after in edges:
        waits[after] += 1
        later[before].append(after)
    free = deque(key for key, count in waits.items() if not count)
    settled = 0
    while free:
        key = free.popleft()
        settled += 1
        for after in later[key]:
            depth[after] = max(depth[after], depth[key] + 1)
            waits[after] -= 1
            if not waits[after]:
                free.append(after)
    if settled < len(depth):
        raise ValueError("The edges of a dependency graph may not make a cycle.")
    return depth


def slots(depth: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> tuple[Columns, Links, Links]:
    """The slots of each column, and which slots of the column before and behind each is linked to."""
    end = dict(depth)
    links: dict[tuple[Slot, Slot], None] = {}
    for before, after in edges:
        end[before] = max(end[before], depth[after] - 1)
        links[(before, depth[after] - 1), (after, depth[after])] = None
    columns: Columns = [[] for _column in range(max(depth.values()) + 1)]
    for key, first in depth.items():
        for column in range(first, end[key] + 1):
            columns[column].append((key, column))
            if column > first:
                links[(key, column - 1), (key, column)] = None
    behind, ahead = defaultdict(list), defaultdict(list)
    for left, right in links:
        ahead[left].append(right)
        behind[right].append(left)
    return columns, dict(behind), dict(ahead)


def in_order(columns: Columns, behind: Links, ahead: Links) -> Columns:
    """The columns with their slots so ordered that few edges cross: the best of some barycenter sweeps."""
    best, fewest = columns, crossings(columns, ahead)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        columns = swept(columns, behind) if sweep % 2 == 0 else swept(columns[::-1], ahead)[::-1]
        found = crossings(columns, ahead)
        if found < fewest:
            best, fewest = columns, found
    return best


def swept(columns: Columns, links: Links) -> Columns:
    """Each column sorted by the mean place of what its slots are linked to in the column before it in the list."""
    place: dict[Slot, float] = {}
    done = []
    for column in columns:
        own = {slot: (i + 0.5) / len(column) for i, slot in enumerate(column)}
        ordered = sorted(column, key=lambda slot: mean([place[other] for other in links.get(slot, ())], own[slot]))
        place.update(zip(ordered, own.values(), strict=True))
        done.append(ordered)
    return done


def crossings(columns: Columns, ahead: Links) -> int:
    """How many pairs of links cross."""
    count = 0
    for left, right in pairwise(columns):
        place = {slot: i for i, slot in enumerate(right)}
        ends: list[int] = []
        for slot in left:
            targets = sorted(place[other] for other in ahead.get(slot, ()))
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


def heights(columns: Columns, behind: Links, ahead: Links, depth: Mapping[str, int]) -> dict[Slot, float]:
    """The middle of each slot from the top, at the mean of its neighbours where the order and the room allow it."""
    offsets = [spaced([NODE if depth[key] == at else LANE for key, at in column]) for column in columns]
    y = {
        slot: offset - row[-1] / 2
        for column, row in zip(columns, offsets, strict=True)
        for slot, offset in zip(column, row, strict=True)
    }
    for links, step in ((behind, 1), (ahead, -1), (behind, 1), (ahead, -1)):
        for column, row in list(zip(columns, offsets, strict=True))[::step]:
            wanted = [mean([y[other] for other in links.get(slot, ())], y[slot]) for slot in column]
            y.update(zip(column, settled(wanted, row), strict=True))
    top = min(y.values())
    return {slot: value - top for slot, value in y.items()}


def spaced(sizes: Sequence[float]) -> list[float]:
    """The middles of things of these sizes, one under the other, from the middle of the first."""
    return list(accumulate(((one + other) / 2 for one, other in pairwise(sizes)), initial=0.0))


def settled(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones, by least squares, that keep the order and the distances.

    Isotonic regression: neighbours that want to pass each other form a block at the mean of their wishes.
    """
    blocks: list[tuple[float, int]] = []
    for wish, offset in zip(wanted, offsets, strict=True):
        total, count = wish - offset, 1
        while blocks and blocks[-1][0] * count >= total * blocks[-1][1]:
            before, more = blocks.pop()
            total, count = total + before, count + more
        blocks.append((total, count))
    free = [total / count for total, count in blocks for _one in range(count)]
    return [place + offset for place, offset in zip(free, offsets, strict=True)]


def mean(values: Sequence[float], otherwise: float) -> float:
    """The mean of the values, or the other number if there is none."""
    return sum(values) / len(values) if values else otherwise
