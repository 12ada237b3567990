"""A dependency graph reads from left to right, without overlaps, and quickly."""

import random
import re
import time
from itertools import combinations
from xml.etree import ElementTree

import pytest

from charts import Node, graph
from charts.layout import crossings, depths, ordered_columns, slots

SVG = "{http://www.w3.org/2000/svg}"
Edges = list[tuple[str, str]]


def nodes(keys: str | list[str]) -> list[Node]:
    """A node for each key."""
    return [Node(key, f"Item {key}") for key in keys]


def boxes(figure: str) -> dict[str, tuple[float, float, float, float]]:
    """Label → left, top, right, bottom of its node."""
    found = {}
    for node in ElementTree.fromstring(figure).iter():
        rect = node.find(f"{SVG}rect[@class='body']")
        if rect is not None:
            x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found[node.findtext(f"{SVG}title") or ""] = (x, y, x + width, y + height)
    return found


def links(figure: str) -> list[tuple[list[float], bool]]:
    """The numbers of each link's path, and whether it ends in an arrow."""
    found = [path for path in ElementTree.fromstring(figure).iter(f"{SVG}path") if path.get("class") == "edge"]
    return [
        ([float(n) for n in re.findall(r"-?[\d.]+", path.attrib["d"])], path.attrib["marker-end"] != "none")
        for path in found
    ]


def random_edges(count: int, each: int) -> Edges:
    """Edges from earlier to later nodes, always the same."""
    chance = random.Random(7)
    return [(f"n{chance.randrange(i)}", f"n{i}") for i in range(1, count) for _edge in range(each)]


def reached(figure: str) -> set[tuple[str, str]]:
    """The edges that the drawing shows: from a node, along links and lanes, to an arrow at a node."""
    places = [(label, *box[::2], round((box[1] + box[3]) / 2, 1)) for label, box in boxes(figure).items()]
    starts = {(right, y): label for label, _left, right, y in places}
    ends = {(left, y): label for label, left, _right, y in places}
    onward: dict[tuple[float, float], list[tuple[tuple[float, float], bool]]] = {}
    for numbers, arrow in links(figure):
        end = (numbers[6], numbers[7]) if arrow else (numbers[8], numbers[7])
        onward.setdefault((numbers[0], numbers[1]), []).append((end, arrow))
    found = set()
    for start, label in starts.items():
        waiting = [start]
        while waiting:
            for end, arrow in onward.get(waiting.pop(), []):
                if arrow:
                    found.add((label, ends[end]))
                else:
                    waiting.append(end)
    return found


def test_no_two_nodes_overlap() -> None:
    keys = [f"n{i}" for i in range(60)]
    for one, other in combinations(boxes(graph("T", nodes(keys), random_edges(60, 2))).values(), 2):
        apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
        assert apart, (one, other)


def test_every_edge_goes_rightwards_and_misses_the_nodes_between() -> None:
    keys = [f"n{i}" for i in range(60)]
    figure = graph("T", nodes(keys), random_edges(60, 2))
    found = links(figure)
    assert len(found) > 100
    for numbers, _arrow in found:
        x = [numbers[0], numbers[2], numbers[4], numbers[6], *numbers[8:]]
        assert x == sorted(x)
        assert x[0] < x[-1]
    lanes = [(n[6], n[7], n[8]) for n, arrow in found if not arrow]
    assert lanes
    for left, y, right in lanes:
        assert not [box for box in boxes(figure).values() if box[0] < right and left < box[2] and box[1] <= y <= box[3]]


def test_the_drawing_shows_each_edge_and_no_other() -> None:
    edges = random_edges(40, 2)
    figure = graph("T", nodes([f"n{i}" for i in range(40)]), edges)
    assert reached(figure) == {(f"Item {one}", f"Item {other}") for one, other in edges}


def test_a_node_stands_in_the_column_of_its_longest_path() -> None:
    places = boxes(graph("T", nodes("abcd"), [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")]))
    left = {label: box[0] for label, box in places.items()}
    assert left["Item a"] < left["Item b"] == left["Item d"] < left["Item c"]


def test_a_chain_is_a_straight_line() -> None:
    assert len({box[1] for box in boxes(graph("T", nodes("abcd"), [("a", "b"), ("b", "c"), ("c", "d")])).values()}) == 1


def test_edges_that_need_not_cross_do_not() -> None:
    edges = [("a", "z"), ("b", "y"), ("c", "x"), ("z", "3"), ("y", "2"), ("x", "1"), ("a", "3")]
    depth = depths("abcxyz123", edges)
    columns, behind, ahead = slots(depth, edges)
    assert crossings(columns, ahead) > 0
    assert crossings(ordered_columns(columns, behind, ahead), ahead) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_usual_graph_has_less_than_a_third_of_the_crossings_of_chance(seed: int) -> None:
    chance = random.Random(seed)
    edges = list({(f"n{chance.randrange(max(0, i - 9), i)}", f"n{i}"): 0 for i in range(1, 40) for _edge in "ab"})
    columns, behind, ahead = slots(depths([f"n{i}" for i in range(40)], edges), edges)
    shuffled = [crossings([chance.sample(one, len(one)) for one in columns], ahead) for _try in range(20)]
    found = crossings(ordered_columns(columns, behind, ahead), ahead)
    assert found < sum(shuffled) / len(shuffled) / 3
    assert found <= crossings(columns, ahead)


def test_crossings_are_counted_as_on_paper() -> None:
    edges = [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y"), ("c", "x")]
    columns, _behind, ahead = slots(depths("abcxyz", edges), edges)
    by_hand = sum(one[0] < other[0] and one[1] > other[1] for one in edges for other in edges)
    assert crossings(columns, ahead) == by_hand == 6


@pytest.mark.parametrize("edges", [[("a", "a")], [("a", "b"), ("b", "a")], [("a", "b"), ("b", "c"), ("c", "b")]])
def test_a_cycle_is_refused(edges: Edges) -> None:
    with pytest.raises(ValueError, match="cycle"):
        graph("T", nodes("abc"), edges)


def test_an_edge_to_nowhere_and_a_key_used_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="'z'"):
        graph("T", nodes("ab"), [("a", "z")])
    with pytest.raises(ValueError, match="'z'"):
        graph("T", [], [("z", "z")])
    with pytest.raises(ValueError, match="same key"):
        graph("T", nodes("aa"), [])


def test_a_node_with_an_address_is_a_link_and_one_without_is_not() -> None:
    figure = graph("T", [Node("a", "A", href="/a?x=1&y=2"), Node("b", "B")], [])
    found = [link.attrib["href"] for link in ElementTree.fromstring(figure).iter(f"{SVG}a")]
    assert found == ["/a?x=1&y=2"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "data:,x"])
def test_an_address_that_runs_something_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="links to a page"):
        graph("T", [Node("a", "A", href=address)], [])


def test_the_state_stands_in_words_in_the_node_and_in_the_table() -> None:
    figure = graph("T", [Node("a", "A", "done", "Done"), Node("b", "B", "blocked", "Waits")], [("a", "b"), ("a", "b")])
    tree = ElementTree.fromstring(figure)
    assert {t.text for t in tree.iter(f"{SVG}text")} == {"A", "Done", "B", "Waits"}
    assert tree.find(f".//{SVG}g[@class='node node-blocked']") is not None
    rows = [[cell.text for cell in row] for row in tree.findall(".//tbody/tr")]
    assert rows == [["A", "Done", "–"], ["B", "Waits", "A"]]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Collect requirements", ["Collect", "requirements"]),
        ("Check the intake for completeness", ["Check the intake for", "completeness"]),
        ("Test", ["Test"]),
    ],
)
def test_a_label_is_broken_between_its_words(label: str, expected: list[str]) -> None:
    figure = graph("T", [Node("a", label)], [])
    assert [text.text for text in ElementTree.fromstring(figure).iter(f"{SVG}text")] == expected


def test_a_label_without_a_space_is_cut_to_the_node() -> None:
    figure = graph("T", [Node("a", "W" * 300)], [])
    shown = [text.text or "" for text in ElementTree.fromstring(figure).iter(f"{SVG}text")]
    assert len(shown) == 2
    assert all(len(line) <= 14 for line in shown)
    assert shown[1].endswith("…")


def quickest(count: int) -> float:
    """The shortest of three times to draw so many nodes."""
    keys, edges, taken = nodes([f"n{i}" for i in range(count)]), random_edges(count, 3), []
    for _attempt in range(3):
        start = time.process_time()
        graph("T", keys, edges)
        taken.append(time.process_time() - start)
    return min(taken)


def test_two_hundred_nodes_are_drawn_while_a_page_loads() -> None:
    assert quickest(200) < 1
