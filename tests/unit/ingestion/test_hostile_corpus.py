"""Each hostile file is refused for its own reason before it does harm; what is only suspicious is read without it."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.sheet import Dangerous, Unreadable
from tests.hostile_corpus import CORPUS, CSV, MB, Hostile, workbook, workbook_with, zipped

STORED = "7-0123456789abcdef0123456789abcdef"
NAME = "Ann's team.xlsx"


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    """The places of these tests are nobody else's."""
    settings.DATA_DIR = tmp_path


def stored(folder: Path, content: bytes) -> Path:
    """The file as an upload is stored."""
    path = folder / STORED
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("hostile", CORPUS, ids=str)
def test_a_hostile_file_is_refused_for_its_reason_under_its_own_name(hostile: Hostile, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=hostile.reason) as refused:
        list(read_rows(stored(tmp_path, hostile.make()), name=NAME))
    assert str(refused.value).startswith(NAME) or "workbook" in str(refused.value)
    assert STORED not in str(refused.value)
    assert isinstance(refused.value, Dangerous) == hostile.is_dangerous


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("xl/vbaProject.bin", "macros"),
        ("xl/macrosheets/sheet1.xml", "macros"),
        ("xl/externalLinks/externalLink1.xml", "links to other files"),
        ("xl/connections.xml", "data connections"),
        ("xl/embeddings/oleObject1.bin", "embedded objects"),
        ("xl/activeX/activeX1.xml", "embedded objects"),
    ],
)
def test_what_a_workbook_holds_beside_its_cells_is_left_alone_and_told(part: str, words: str, tmp_path: Path) -> None:
    rows = read_rows(stored(tmp_path, workbook_with({part: b"<a/>"})), name=NAME)
    assert [row["estimated_minutes"] for row in rows] == [5, 7]
    [note] = [warning for warning in rows.warnings if "left alone" in warning.message]
    assert words in note.message
    assert note.is_note


@pytest.mark.parametrize("formula", ["=cmd|'/C calc'!A0", '=HYPERLINK("http://a.example","x")', "=[1]Other!A1"])
def test_a_formula_is_never_followed_and_its_stored_value_is_read(formula: str, tmp_path: Path) -> None:
    rows = list(read_rows(stored(tmp_path, workbook(formula=formula)), name=NAME))
    assert [(row["text"], row["estimated_minutes"]) for row in rows][-1] == ("Call", 9)


def test_a_short_table_that_repeats_itself_is_no_bomb(tmp_path: Path) -> None:
    content = gzip.compress(b"Task,Duration (min)\n" + b"Pay an invoice,5\n" * 100_000)
    assert sum(1 for _row in read_rows(stored(tmp_path, content), name=NAME)) == 100_000


def test_a_workbook_in_a_zip_is_read_like_one_without(tmp_path: Path) -> None:
    content = zipped({"team.xlsx": workbook()})
    assert [row["text"] for row in read_rows(stored(tmp_path, content), name=NAME)] == ["Pay", "Post"]


@pytest.mark.parametrize(
    ("limit", "content", "reason"),
    [
        ({"most_unpacked_bytes": MB}, lambda: CSV + b"Pay,5\n" * 200_000, "is larger than 1 MB unpacked: split it"),
        ({"most_rows": 1}, lambda: CSV, "has more than 1 rows: split it"),
        ({"most_sheets": 2}, lambda: workbook(sheets=3), "has 3 sheets, and may have 2"),
        ({"most_ratio": 2}, lambda: gzip.compress(CSV + b"Pay,5\n" * 2_000_000), "unpacks to 2 times its size"),
        ({"most_members": 3}, workbook, "holds more than 3 files"),
        ({"seconds": 0}, lambda: CSV, "takes too long to read"),
        ({"longest_cell": 16}, lambda: CSV + b"x" * 20 + b",5\n", ""),
        ({"most_columns": 2}, lambda: b"Task,Minutes,Category\nPay,5,Office\n", ""),
    ],
)
def test_each_limit_is_set_by_its_setting(
    limit: dict[str, int], content: Any, reason: str, settings: Any, tmp_path: Path
) -> None:
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, **limit)
    path = stored(tmp_path, content())
    if reason:
        with pytest.raises(Unreadable, match=reason):
            list(read_rows(path, name=NAME))
        return
    last = list(read_rows(path, name=NAME))[-1]
    assert (len(last["text"]), last["category"]) in [(16, ""), (3, "")]


def test_a_refusal_is_in_the_language_of_who_sent_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    french = {"%(file)s is empty: it needs a header row and rows below it.": "%(file)s est vide."}
    monkeypatch.setattr("intake.spreadsheets.outside._", lambda words: french.get(words, words))
    with override("fr"), pytest.raises(Unreadable, match="est vide"):
        read_rows(stored(tmp_path, b""), name=NAME)
