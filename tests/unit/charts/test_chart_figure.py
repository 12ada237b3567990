"""What every chart promises: well formed, named, escaped, with a table, and the same each time."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from django.utils import translation
from django.utils.safestring import SafeString

from charts import Node, bars, donut, graph, line, stacked

NASTY = "</text></title><script>alert('1')</script>\"&\x00\udc80"
SVG = "{http://www.w3.org/2000/svg}"

CHARTS: dict[str, Callable[[str], SafeString]] = {
    "bars": lambda text: bars(text, [(text, 3), ("b", 1234.5)], unit=text, description=text),
    "stacked": lambda text: stacked(text, [text, "b"], [(text, [1, 2]), ("s", [0, 4])], unit=text, description=text),
    "line": lambda text: line(text, [(text, 3), ("b", None), ("c", -1)], unit=text, description=text),
    "donut": lambda text: donut(text, [(text, 3), ("b", 1)], unit=text, description=text),
    "graph": lambda text: graph(
        text, [Node(text, text, text, text, f"/{text}"), Node("b", "B")], [(text, "b")], description=text
    ),
}
EMPTY = {
    "bars": bars("T", []),
    "stacked": stacked("T", [], [("s", [])]),
    "stacked without series": stacked("T", ["a"], []),
    "line": line("T", []),
    "line of gaps": line("T", [("a", None)]),
    "donut": donut("T", []),
    "donut of nothing": donut("T", [("a", 0)]),
    "graph": graph("T", [], []),
}

every_kind = pytest.mark.parametrize("kind", CHARTS)


def parsed(figure: str) -> ElementTree.Element:
    """The figure as a tree, which fails if it is not well formed."""
    return ElementTree.fromstring(figure)


def picture(figure: str) -> ElementTree.Element:
    """The svg that has a name."""
    return next(svg for svg in parsed(figure).iter(f"{SVG}svg") if "role" in svg.attrib)


@every_kind
def test_the_picture_is_named_by_its_title_and_its_description(kind: str) -> None:
    svg = picture(CHARTS[kind]("A title"))
    named = {node.attrib["id"]: node.text for node in svg if node.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert svg.attrib["role"] == ("group" if kind == "graph" else "img")
    assert list(named) == svg.attrib["aria-labelledby"].split()
    assert list(named.values()) == ["A title", "A title"]


@every_kind
def test_a_chart_without_a_description_says_where_its_figures_are(kind: str) -> None:
    svg = picture(CHARTS[kind](""))
    assert svg.findtext(f"{SVG}desc") == "The table below the chart has the same figures."


@every_kind
def test_whatever_a_label_holds_comes_out_as_text(kind: str) -> None:
    figure = CHARTS[kind](NASTY)
    seen = parsed(figure)
    assert not [node for node in seen.iter() if node.tag.endswith("script")]
    assert "<script" not in figure
    figure.encode()
    shown = [node.text for node in seen.iter() if node.tag.rsplit("}")[-1] in {"th", "caption", "figcaption"}]
    assert NASTY.replace("\x00", "\ufffd").replace("\udc80", "\ufffd") in shown


@every_kind
def test_the_same_input_gives_the_same_bytes(kind: str) -> None:
    assert CHARTS[kind]("A").encode() == CHARTS[kind]("A").encode()


def test_the_ids_of_different_charts_on_a_page_differ_and_every_reference_is_met() -> None:
    page = "".join(chart(text) for chart in CHARTS.values() for text in ("A", "B"))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 20
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


@every_kind
def test_no_colour_and_no_style_is_written_into_the_chart(kind: str) -> None:
    figure = CHARTS[kind]("A")
    assert not re.search(r'style=|<style|(fill|stroke)="(?!url\()', figure)


@every_kind
def test_the_table_has_a_caption_and_heads_with_a_scope(kind: str) -> None:
    table = parsed(CHARTS[kind]("A")).find("details[@class='folded']//table[@class='table']")
    assert table is not None
    assert table.findtext("caption") == "A"
    columns = table.findall("thead/tr/th[@scope='col']")
    assert all(len(row) == len(columns) and row[0].attrib == {"scope": "row"} for row in table.findall("tbody/tr"))
    assert len(table.findall("tbody/tr")) >= 2


@pytest.mark.parametrize("case", EMPTY)
def test_without_data_there_is_a_sentence_instead_of_a_picture(case: str) -> None:
    seen = parsed(EMPTY[case])
    assert seen.findtext("p[@class='empty']") == "There is nothing to show yet."
    assert seen.findtext("figcaption") == "T"
    assert not list(seen.iter(f"{SVG}svg"))


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    with translation.override("en"):
        english = bars("T", [("a", 1234567.5)])
    with translation.override("de"):
        german = bars("T", [("a", 1234567.5)])
    assert "1,234,567.5" in english
    assert "1.234.567,5" in german


@pytest.mark.parametrize("draw", [bars, donut])
@pytest.mark.parametrize("value", [-1, -0.001, float("nan"), float("inf")])
def test_what_cannot_be_drawn_is_refused(draw: Callable[..., SafeString], value: float) -> None:
    with pytest.raises(ValueError, match="numbers"):
        draw("T", [("a", 1), ("b", value)])
    with pytest.raises(ValueError, match="numbers"):
        stacked("T", ["a"], [("s", [value])])
