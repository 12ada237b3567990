"""Delimited text, read in the test's own process; the last two files through the child process."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.spreadsheets.outside import read_rows
from intake.spreadsheets.reading import Table
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import Unreadable

Ingest = Callable[..., tuple[list[Row], Table]]


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    def read(content: str | bytes, name: str = "work.csv") -> tuple[list[Row], Table]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = Table(path, 100)
        return [without_number(row) for row in table], table

    return read


def without_number(row: Row) -> Row:
    """Return the row without its number in the file."""
    del row["row"]
    return row


def row(text: str, minutes: float | None, category: str = "") -> Row:
    return {"text": text, "category": category, "estimated_minutes": minutes}


def test_rows_come_with_their_columns(ingest: Ingest) -> None:
    rows, ingested = ingest("Minutes,Category,Task\n5,Payables,Pay\n1.5h,,Post\n,Bank,Call\n")
    assert rows == [row("Pay", 5, "Payables"), row("Post", 90), row("Call", None, "Bank")]
    assert ingested.columns == {"text": "Task", "category": "Category", "duration": "Minutes"}
    assert (ingested.rows_read, ingested.row_warnings) == (3, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_old_and_new_encodings_are_read(ingest: Ingest, encoding: str) -> None:
    text = "Tätigkeit;Dauer (h);Bereich\r\nPrüfung der Größe;1,5;Büro\r\nÄnderung für Zölle;2;Büro\r\n"
    rows, ingested = ingest(text.encode(encoding))
    assert rows[0] == row("Prüfung der Größe", 90, "Büro")
    assert ingested.row_warnings == 0


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_evenly(ingest: Ingest, delimiter: str) -> None:
    lines = [["Task", "Minutes"], ['"Pay, post; file"', "5"], ["Call", "6"]]
    rows, _ = ingest("\n".join(delimiter.join(line) for line in lines))
    assert rows == [row("Pay, post; file", 5), row("Call", 6)]


def test_semicolons_come_with_decimal_commas(ingest: Ingest) -> None:
    rows, _ = ingest("Task;Minutes\nPay;1,5\nPost;2,125\n")
    assert rows == [row("Pay", 1.5), row("Post", 2.125)]


def test_a_duration_that_cannot_be_read_is_told_with_its_row_and_not_guessed(ingest: Ingest) -> None:
    rows, ingested = ingest("Task,Minutes\nPay,5\n\nPost,soon\nCall,-1\n")
    assert [r["estimated_minutes"] for r in rows] == [5, None, None]
    assert [(w.row, w.column) for w in ingested.warnings] == [(4, "Minutes"), (5, "Minutes")]
    assert "“soon” is not a duration" in ingested.warnings[0].message


def test_too_few_and_too_many_cells_are_told_and_the_row_is_kept(ingest: Ingest) -> None:
    rows, ingested = ingest("Task,Minutes\nPay\nPost,5,what\nCall,6,\n")
    assert rows == [row("Pay", None), row("Post", 5), row("Call", 6)]
    assert [w.row for w in ingested.warnings] == [2, 3]


def test_a_broken_quotation_costs_its_own_line_only(ingest: Ingest) -> None:
    rows, ingested = ingest('Task,Minutes\nPay,5\n"Post,6\nCall,7\n"two\nlines",8\n"A"B,9\n')
    assert [r["text"] for r in rows] == ["Pay", "", "Call", "two\nlines", ""]
    assert [w.row for w in ingested.warnings] == [3, 6]


def test_only_the_first_warnings_are_kept_and_all_are_counted(ingest: Ingest) -> None:
    _, ingested = ingest("Task,Minutes\nPay,5\n" + "Pay,soon\n" * 150)
    assert (len(ingested.warnings), ingested.row_warnings) == (100, 150)


def test_without_a_duration_column_there_is_one_warning_at_the_header(ingest: Ingest) -> None:
    rows, ingested = ingest("Task,Category\nPay,Payables\nPost,Payables\n")
    assert [r["estimated_minutes"] for r in rows] == [None, None]
    assert [(w.row, w.column) for w in ingested.warnings] == [(1, None)]


def test_gzip_is_unpacked_on_the_way(ingest: Ingest) -> None:
    rows, _ = ingest(gzip.compress(b"Task,Minutes\nPay,5\n"), "work.csv.gz")
    assert rows == [row("Pay", 5)]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "is empty"),
        (b"\n\n", "needs a header row"),
        (b"A,B\n1,2\n", "text_column, duration_column"),
        (b"\x89PNG\r\n\0\0", "not text"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\xd0\xcf\x11\xe0", "is damaged, or no Excel workbook"),
        (gzip.compress(b"Task,Minutes\nPay,5\n")[:-9], "damaged gzip"),
        (gzip.compress(bytes(1 << 20)), "not text"),
        (gzip.compress(b"0" * (1 << 20)) * 129, "unpacks to 200 times its size"),
    ],
    ids=["empty", "blank", "no header", "binary", "pdf", "ole", "cut gzip", "nul bytes", "bomb"],
)
def test_what_is_no_table_is_refused_with_advice(ingest: Ingest, content: bytes, advice: str) -> None:
    with pytest.raises(Unreadable, match=advice):
        ingest(content)


def test_a_file_that_is_not_there_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="check the path"):
        read_rows(tmp_path / "nowhere.csv")


def test_a_line_that_never_ends_is_one_fault(ingest: Ingest) -> None:
    rows, ingested = ingest("Task,Minutes\n" + "x" * 400_000 + ",5\nPay,6\n")
    assert rows == [row("", None), row("Pay", 6)]
    assert ingested.row_warnings == 1


def test_the_example_is_read_whole() -> None:
    ingested = read_rows(Path(__file__).parents[3] / "examples" / "finance_month.csv")
    assert sum(1 for _ in ingested) == ingested.rows_read == 368
    assert [w.message[:12] for w in ingested.warnings] == ["“half a day”"]
