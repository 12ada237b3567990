"""Whatever rows are written, in whatever form: they are read back equal, or asked; any bytes are read or refused."""

import codecs
import csv
import datetime as dt
import io
import time
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.spreadsheets.sheet import Unreadable
from tests.examples import examples
from tests.readings import Read, read_path, read_text, read_workbook

# Letters that all the encodings below can write.
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéß "
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
HEADERS = {"ms": "Duration (ms)", "s": "Duration (s)", "min": "Duration (min)", "h": "Duration (h)"}

texts = st.text(LETTERS + "ABC;,|\t\"'\n", min_size=1, max_size=20).map(lambda text: f"T{text.strip()}")
hundredths = st.integers(0, 2400)
tables = st.lists(st.tuples(texts, st.text(LETTERS, max_size=8), hundredths), min_size=1, max_size=12)


def delimited(rows: list[list[str]], delimiter: str, end: str, quoting: int) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def shown(value: int, form: str, mark: str) -> str:
    """A number of hundredths as people write it."""
    if form == "clock":
        return f"{value // 60}:{value % 60:02d}:00"
    number = f"{Decimal(value) / 100:.2f}".replace(".", mark)
    return number if form == "bare" else f"{number} {form}"


def require_same_or_asked(read: Read, expected: list[tuple[str, float]]) -> None:
    """Fail unless the rows are those expected, or a question or a warning says that they may not be."""
    found = list(zip(read.texts, read.durations, strict=True))
    same = len(found) == len(expected) and all(
        text == wanted and minutes is not None and abs(minutes - total) < 0.001
        for (text, minutes), (wanted, total) in zip(found, expected, strict=False)
    )
    assert same or read.questions or read.warned_rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(
    table=tables,
    unit=st.sampled_from(list(UNITS)),
    form=st.sampled_from(["bare", "unit", "clock"]),
    mark=st.sampled_from(".,"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(ENCODINGS),
)
def test_any_rows_in_any_dialect_encoding_decimal_style_and_unit_are_read_back_or_asked(
    delimiter: str, table: list[tuple[str, str, int]], unit: str, form: str, mark: str, end: str, encoding: str
) -> None:
    header = HEADERS[unit] if form == "bare" else "Duration"
    size = 60_000 if form == "clock" else UNITS[unit] / 100
    rows = [["Task", "Category", header]]
    rows += [[text, name, shown(value, unit if form == "unit" else form, mark)] for text, name, value in table]
    content = delimited(rows, delimiter, end, csv.QUOTE_MINIMAL).encode(encoding)
    read = read_text(content)
    require_same_or_asked(read, [(text.strip(), value * size / 60_000) for text, _name, value in table])


@given(
    table=st.lists(st.tuples(texts, hundredths), min_size=1, max_size=8),
    shape=st.sampled_from(["number", "[h]:mm:ss", "h:mm", '0.00" h"', "text", "day"]),
    before=st.integers(0, 3),
)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(60), deadline=None)
def test_any_rows_of_a_workbook_are_read_back_or_asked(table: list[tuple[str, int]], shape: str, before: int) -> None:
    header = "Duration (h)" if shape in ("number", "text") else "Duration"
    lines: list[list[object]] = [["Report"]][:before] + [[]] * max(0, before - 1) + [["Task", header]]
    for text, value in table:
        hours = value / 100
        cell: object = hours if shape == "number" else f"{hours:.2f}" if shape == "text" else (hours / 24, shape)
        if shape == '0.00" h"':
            cell = (hours, shape)
        lines.append([text, hours / 24 if shape == "day" else cell])
    read = read_workbook({"Log": lines})
    require_same_or_asked(read, [(text.strip(), value * 0.6) for text, value in table])


@given(
    spans=st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1439)), min_size=1, max_size=8),
    form=st.sampled_from(
        ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%d %b %Y %H:%M", "%Y-%m-%d %I:%M %p"]
    ),
)
def test_any_spans_are_read_back_from_their_starts_and_ends(spans: list[tuple[int, int]], form: str) -> None:
    day = dt.datetime(2026, 6, 1)
    lines = ["Task;Start;End"]
    for start, length in spans:
        begin = day + dt.timedelta(minutes=start)
        lines.append(f"A;{begin.strftime(form)};{(begin + dt.timedelta(minutes=length)).strftime(form)}")
    assert read_text("\n".join(lines)).durations == [length for _start, length in spans]


def require_reading_or_refusal(content: bytes, folder: Path) -> None:
    """Fail unless the bytes are read, or refused in a sentence, within seconds."""
    path = folder / "work.csv"
    path.write_bytes(content)
    started = time.process_time()
    message, durations = "", list[float | None]()
    try:
        durations = read_path(path).durations
    except Unreadable as error:
        message = str(error)
    assert message or durations
    assert all(minutes is None or 0 <= minutes <= 10_000_000 for minutes in durations)
    assert time.process_time() - started < 5


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, start: bytes) -> None:
    require_reading_or_refusal(start + content, tmp_path)


@given(
    st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=8),
    st.sampled_from(["Task,Duration", "Task;Start;End;Minuten", "Date,Time"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_cells_below_a_header_are_read_or_refused(tmp_path: Path, cells: list[list[str]], header: str) -> None:
    delimiter = ";" if ";" in header else ","
    lines = [header, *(delimiter.join(line) for line in cells)]
    require_reading_or_refusal("\n".join(lines).encode("utf-8", "surrogatepass"), tmp_path)


def small_workbook() -> bytes:
    """The bytes of a workbook with one row."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Task", "Minutes"])
        sheet.write_row(1, 0, ["A", 30])
    return packed.getvalue()


WORKBOOK = small_workbook()


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(50), deadline=None)
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    require_reading_or_refusal(bytes(content), tmp_path)
