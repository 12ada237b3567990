"""Heat maps and ranges draw what the figures say."""

from xml.etree import ElementTree

import pytest

from charts import heat, ranges
from charts.ranges import WIDTH

SVG = "{http://www.w3.org/2000/svg}"


def drawn(figure: str, tag: str, css: str) -> list[dict[str, str]]:
    """The attributes of the elements of the picture with this tag, whose class begins so."""
    found = ElementTree.fromstring(figure).iter(f"{SVG}{tag}")
    return [one.attrib for one in found if one.attrib.get("class", "").startswith(css)]


def cells(figure: str) -> list[list[str]]:
    """The rows of the table."""
    return [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(figure).findall(".//tbody/tr")]


def test_the_marks_of_a_heat_map_have_areas_in_proportion_to_their_values() -> None:
    figure = heat("Week", ["09", "10"], [("Monday", [4, 1]), ("Tuesday", [0, 0])], unit="h")
    areas = [float(mark["width"]) * float(mark["height"]) for mark in drawn(figure, "rect", "fill-1")]
    assert areas[0] == pytest.approx(4 * areas[1], rel=0.01)
    assert areas[2:] == [0, 0]
    assert [mark["class"] for mark in drawn(figure, "rect", "fill-1")][:2] == ["fill-1 heat-5", "fill-1 heat-2"]


def test_a_heat_map_names_each_cell_and_has_a_table() -> None:
    figure = heat("Week", ["09", "10"], [("Monday", [4, 1.5])], unit="h", description="By the hour.")
    titles = [title.text for title in ElementTree.fromstring(figure).iter(f"{SVG}title")]
    assert titles == ["Week", "Monday, 09: 4\u00a0h", "Monday, 10: 1.5\u00a0h"]
    assert cells(figure) == [["Monday", "4", "1.5"]]
    assert "By the hour." in figure


def test_a_heat_map_of_nothing_says_so() -> None:
    for rows in ([], [("Monday", [0])]):
        assert "There is nothing to show yet." in heat("Week", ["09"], rows)


@pytest.mark.parametrize("values", [[1], [1, 2, 3], [1, -2], [1, float("nan")]])
def test_a_heat_map_refuses_rows_that_do_not_fit(values: list[float]) -> None:
    with pytest.raises(ValueError):
        heat("Week", ["09", "10"], [("Monday", values)])


def test_a_range_lies_between_its_ends_with_a_mark_at_its_value() -> None:
    figure = ranges("Hours", [("With an agent", 50, 75, 100)], unit="h")
    (span,) = drawn(figure, "rect", "span")
    assert (float(span["x"]), float(span["width"])) == (WIDTH / 2, WIDTH / 2)
    (mark,) = drawn(figure, "path", "mark")
    assert mark["d"].startswith(f"M{WIDTH * 3 // 4} ")
    assert cells(figure) == [["With an agent", "50", "75", "100"]]


def test_the_ends_of_a_narrow_range_are_written_side_by_side() -> None:
    figure = ranges("Hours", [("a", 1000.01, 1000.02, 1000.03)])
    low, high = (float(text["x"]) for text in drawn(figure, "text", "quiet"))
    assert 0 <= low < high - 100
    assert high <= WIDTH


@pytest.mark.parametrize("numbers", [(2, 1, 3), (1, 4, 3), (-1, 1, 3), (0, 1, float("inf"))])
def test_a_range_refuses_numbers_out_of_order(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError):
        ranges("Hours", [("a", *numbers)])


def test_ranges_of_zero_can_be_drawn() -> None:
    assert "<svg" in ranges("Hours", [("a", 0, 0, 0)])
    assert "There is nothing to show yet." in ranges("Hours", [])
