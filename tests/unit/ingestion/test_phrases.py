"""What the reader says about a file: its template and values survive the wire, and every template can be translated."""

import ast
import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.utils.translation import gettext, override

from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.phrases import Phrase, encoded, phrase_of
from intake.wording import in_words
from pages.phrases import phrase_in_words, warning_in_words
from tests.processes import ROOT

READER = ROOT / "intake" / "spreadsheets"
FORMATS = re.compile(r"%(?!\(\w+\)s)")
TAKERS = {
    "Phrase",
    "Unreadable",
    "Dangerous",
    "Busy",
    "RowWarning",
    "Doubt",
    "Choice",
    "BrokenCell",
    "UnreadableDuration",
}
NESTED = Phrase(
    "Row %(row)s has %(n)s of %(names)s: %(why)s", row="1200", n=1200, names=["a", "b"], why=Phrase("seconds")
)


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Each call in the reader's modules, with the place where it stands."""
    for path in sorted(READER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_raw_text(node: ast.expr) -> bool:
    """True for a text that is written there and not marked for translation."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and " " in str(node.value))


def marked() -> list[tuple[str, str]]:
    """Each template of the reader, with its place."""
    found = [(at, call) for at, call in calls() if isinstance(call.func, ast.Name) and call.func.id == "gettext_noop"]
    return [(at, str(ast.literal_eval(call.args[0]))) for at, call in found]


def test_nothing_is_said_about_a_file_in_a_text_that_nobody_can_translate() -> None:
    named = [(at, call) for at, call in calls() if isinstance(call.func, ast.Name) and call.func.id in TAKERS]
    methods = {"_warn", "_note", "add"}
    named += [(at, call) for at, call in calls() if isinstance(call.func, ast.Attribute) and call.func.attr in methods]
    assert len(named) > 50
    raw = [at for at, call in named if any(map(is_raw_text, [*call.args, *(k.value for k in call.keywords)]))]
    assert not raw, f"mark the text with gettext_noop, and give the values apart: {raw}"


def test_every_text_of_the_reader_has_a_french_one_and_named_placeholders() -> None:
    texts = marked()
    assert len(texts) > 100
    assert [(at, text) for at, text in texts if FORMATS.search(text)] == []
    with override("fr"):
        same = {text for _at, text in texts if gettext(text) == text}
    assert same <= {"minutes"}


def test_a_phrase_survives_the_wire_and_a_copy() -> None:
    assert str(NESTED) == "Row 1200 has 1,200 of “a”, “b”: seconds"
    for again in (phrase_of(orjson.loads(encoded(NESTED))), copy.deepcopy(NESTED)):
        assert again == NESTED
        assert (again.template, again.values) == (NESTED.template, NESTED.values)


def test_a_phrase_is_shown_in_the_readers_language_and_number_format() -> None:
    assert in_words(NESTED) == str(NESTED)
    with override("fr"):
        assert in_words(NESTED).replace("\xa0", " ") == "Row 1200 has 1 200 of « a », « b »: secondes"
        assert phrase_in_words(Phrase("%(n)s", n=1234.5).as_json()).replace("\xa0", " ") == "1 234,5"


@pytest.mark.parametrize(
    "phrase",
    [None, "text", {}, {"template": 7}, {"template": ""}, {"template": None, "values": {"a": 1}}],
)
def test_a_text_stored_without_its_template_is_shown_as_it_is(phrase: Any) -> None:
    assert phrase_in_words(phrase, "Row 7 is odd.") == "Row 7 is odd."
    assert warning_in_words({"row": 7, "message": "Row 7 is odd."}) == "Row 7 is odd."


@pytest.mark.parametrize("template", ["%(n)999999999s", "%s", "%(missing)s", "100 % of it", "%(n)d"])
def test_a_template_from_elsewhere_cannot_do_harm(template: str) -> None:
    assert phrase_in_words({"template": template, "values": {"n": 1}}) == template


def test_warnings_doubts_and_refusals_reach_the_parent_as_phrases(tmp_path: Path) -> None:
    file = tmp_path / "team.csv"
    file.write_text("Task,Time Spent\nPay,2100\nPost,soon\nFile,300\n")
    ingested = read_rows(file)
    list(ingested)
    [doubt] = ingested.reading.doubts
    with override("fr"):
        assert in_words(doubt.title) == "Dans quelle unité sont les nombres de « Time Spent » ?"
        assert [in_words(choice.title) for choice in doubt.choices][:1] == ["secondes"]
        shown = " ".join(in_words(warning.message) for warning in ingested.warnings)
    assert "« soon » n’est pas une durée" in shown
    assert "Il faut y répondre" in shown
    assert "“soon” is not a duration" in " ".join(warning.message for warning in ingested.warnings)
