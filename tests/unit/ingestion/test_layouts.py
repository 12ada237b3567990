"""Where the table stands: delimiters, titles, joined files, sheets, merged and broken cells, packed files."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from intake.spreadsheets.sheet import Unreadable
from tests.readings import read_path, read_text, read_workbook


# -- delimited text ----------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_end_is_found(delimiter: str, end: str) -> None:
    lines = [["Task", "Category", "Minutes"], ['"Pay, post; file"', "X", "30"], ['"two\nlines"', "Y", "15"]]
    read = read_text(end.join(delimiter.join(line) for line in lines) + end)
    assert (read.texts, read.minutes, read.messages) == (["Pay, post; file", "two\nlines"], 45, "")


@pytest.mark.parametrize(("hint", "delimiter"), [("sep=;", ";"), ("sep=|", "|"), ('"sep=,"', ",")])
def test_the_line_of_excel_that_names_the_delimiter_is_no_row(hint: str, delimiter: str) -> None:
    lines = [hint, f"Task{delimiter}Minutes", f"A{delimiter}30"]
    read = read_text("\r\n".join(lines))
    assert (read.texts, read.minutes, read.messages) == (["A"], 30, "")


@pytest.mark.parametrize(
    "titles", [["Summary report", "2026-01-01 - 2026-01-31"], ["Time sheet", "", "Employee:;Ann", "Total time;1:30"]]
)
def test_the_header_is_found_below_titles(titles: list[str]) -> None:
    read = read_text("\n".join([*titles, "User;Task;Time (h)", "U1;Pay;1:15", "U1;Post;0:15"]))
    assert (read.texts, read.minutes) == (["Pay", "Post"], 90)


@pytest.mark.parametrize("rule", ["---,---", "====,====", "|"])
def test_rules_and_repeated_headers_are_no_rows(rule: str) -> None:
    read = read_text(f"Task,Minutes\n{rule}\nA,30\nTask,Minutes\nB,15\n")
    assert (read.texts, read.minutes) == (["A", "B"], 45)


def test_a_second_table_below_is_not_read_and_this_is_said() -> None:
    read = read_text("Task,Minutes\nA,30\nB,45\n\nPerson,Hours,Task\nAnn,8,x\n")
    assert (read.texts, read.warned_rows) == (["A", "B"], [5])


@pytest.mark.parametrize("amount", ["30 min", "1 h 15 m", "2d", "1,5 Std.", "2 journées"])
def test_a_row_with_an_amount_is_no_header_below_an_unknown_one(amount: str) -> None:
    with pytest.raises(Unreadable, match="its header says “foo”, “bar”"):
        read_text(f"foo;bar\nPay;{amount}\nPost;30 min\n")


@pytest.mark.parametrize("content", ["Pay bills,30\nCall,15\n", "Meta,1\n" * 40 + "Task,Minutes\nA,30\n"])
def test_without_a_header_in_the_first_lines_the_file_is_refused(content: str) -> None:
    with pytest.raises(Unreadable, match="Name the columns"):
        read_text(content)


@pytest.mark.parametrize("spelling", ["Bu\u0308ro Ko\u0308ln", "büro köln", "Büro\u00a0Köln", "Büro  Köln"])
def test_categories_that_look_alike_are_one_as_most_often_written(spelling: str) -> None:
    read = read_text(f"Task,Category,Minutes\nA,{spelling},1\nB,Büro Köln,2\nC,Büro Köln,4\n")
    assert read.breakdown == {"Büro Köln": 7}


def test_the_text_is_the_description_else_the_task_else_the_project() -> None:
    lines = ["Project,Task,Description,Hours", "Web,Draft,Short fix,1", "Web,Draft,,1", "Web,,,1", ",,Side work,1"]
    read = read_text("\n".join(lines))
    assert read.texts == ["Short fix", "Draft", "Web", "Side work"]
    assert read.table.reading.columns["text"] == {"header": "Description", "unit": None, "else": ["Task", "Project"]}


def test_a_note_that_few_rows_have_is_no_description() -> None:
    lines = ["Task,Minutes,Notes", "Pay,30,", "Call,15,see mail", "File,5,"]
    assert read_text("\n".join(lines)).texts == ["Pay", "Call", "File"]
    assert read_text("Task,Minutes,Notes\nPay,30,bill 4\nCall,15,Ann\n").texts == ["bill 4", "Ann"]


def test_categories_in_the_first_row_of_each_group_are_told() -> None:
    assert "each one once" in read_text("Category,Task,Minutes\nX,A,30\n,B,45\nY,C,20\n,D,10\n").messages


# -- packed files ------------------------------------------------------------------------------------
def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "Task,Minutes\nA,30\n")
    return content.getvalue()


def workbook_bytes() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Task", "Minutes"])
        sheet.write_row(1, 0, ["A", 30])
    return content.getvalue()


def zip_of(content: bytes, name: str = "t.xlsx") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [zipped("t.csv"), zipped("t.csv", "__MACOSX/._t.csv"), gzip.compress(b"Task,Minutes\nA,30\n")]
    + [zip_of(workbook_bytes()), gzip.compress(workbook_bytes())],
    ids=["zip", "zip of a Mac", "gzip", "zip of a workbook", "gzip of a workbook"],
)
def test_a_packed_file_is_unpacked(content: bytes) -> None:
    assert read_text(content).minutes == 30


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (zipped("a.csv", "b.csv"), r"holds 2 files \(a.csv, b.csv\)"),
        (zipped(), "holds no file"),
        (zip_of(zipped("t.csv"), "t.zip"), "another archive"),
        (gzip.compress(gzip.compress(b"Task,Minutes\nA,30\n")), "another archive"),
        (gzip.compress(zipped("t.csv")), "another archive"),
        (zip_of(b"x")[:-30], "damaged"),
    ],
    ids=["two files", "no file", "zip in zip", "gzip in gzip", "zip in gzip", "cut"],
)
def test_several_files_and_nested_archives_are_refused(content: bytes, advice: str) -> None:
    with pytest.raises(Unreadable, match=advice):
        read_text(content)


# -- workbooks ---------------------------------------------------------------------------------------
HEAD = ["Task", "Minutes"]


def test_all_sheets_with_the_same_header_are_read_and_named() -> None:
    read = read_workbook({"Anna": [HEAD, ["A", 30]], "Bruno": [HEAD, ["B", 15], ["C", 5]]})
    assert (read.minutes, read.texts) == (50, ["A", "B", "C"])
    assert [(s["name"], s["read"]) for s in read.table.reading.sheets] == [("Anna", True), ("Bruno", True)]


def test_columns_may_stand_elsewhere_on_the_next_sheet() -> None:
    read = read_workbook({"Jan": [["Minutes", "Task", "Note"], [10, "A", ""]], "Feb": [[None, *HEAD], [None, "B", 20]]})
    assert (read.minutes, read.texts) == (30, ["A", "B"])


@pytest.mark.parametrize("name", ["Summary", "Übersicht", "Récap", "Total"])
def test_a_summary_sheet_is_none_even_if_it_comes_first(name: str) -> None:
    read = read_workbook({name: [HEAD, ["All", 45]], "Log": [HEAD, ["A", 30], ["B", 15]]})
    assert (read.minutes, read.texts) == (45, ["A", "B"])
    assert f"“{name}” was not read" in read.messages


def test_a_sheet_with_other_columns_is_not_read_and_this_is_said() -> None:
    read = read_workbook({"Log": [HEAD, ["A", 30]], "Plan": [["Task", "Hours"], ["B", 2]]})
    assert read.minutes == 30
    assert "“Plan” was not read" in read.messages


def hidden(path: Path, first: bool) -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, minutes in (("old", 999), ("March", 30)):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, HEAD)
            sheet.write_row(1, 0, ["A", minutes])
            if (name == "old") == first:
                sheet.hide()
            else:
                sheet.activate()
    return path


@pytest.mark.parametrize(("first", "minutes"), [(True, 30), (False, 999)])
def test_visible_sheets_come_before_hidden_ones(tmp_path: Path, first: bool, minutes: float) -> None:
    read = read_path(hidden(tmp_path / "work.xlsx", first))
    assert read.minutes == minutes
    assert "it is hidden" in read.messages


def test_text_of_merged_cells_is_filled_down_and_a_number_counts_once(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "work.xlsx")) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Category", "Task", "Minutes"])
        sheet.merge_range(1, 0, 3, 0, "Payables")
        sheet.merge_range(4, 0, 5, 0, "Treasury")
        for row, task in enumerate("ABCDE", start=1):
            sheet.write_row(row, 1, [task, row] if row < 4 else [task])
        sheet.merge_range(4, 2, 5, 2, 40)
    read = read_path(tmp_path / "work.xlsx")
    assert read.breakdown == {"Payables": 6, "Treasury": 40}
    assert "Row 6: without a duration" in read.messages


def test_hidden_rows_are_told(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "work.xlsx")) as workbook:
        sheet = workbook.add_worksheet()
        for row, cells in enumerate([HEAD, ["A", 1], ["B", 2]]):
            sheet.write_row(row, 0, cells)
        sheet.set_row(1, None, None, {"hidden": True})
    assert "hidden row" in read_path(tmp_path / "work.xlsx").messages


def test_errors_and_formulas_without_a_result_are_told_with_their_row(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "work.xlsx")) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["A", 30])
        sheet.write(2, 0, "B")
        sheet.write_formula(2, 1, "=A1/0", None, "#DIV/0!")
        sheet.write(3, 0, "C")
        sheet.write_formula(3, 1, "=B2*2", None, "")
        sheet.write(4, 0, "D")
        sheet.write_formula(4, 1, "=B2*2", None, 60)
    read = read_path(tmp_path / "work.xlsx")
    assert (read.durations, read.warned_rows) == ([30, None, None, 60], [3, 4])
    assert "#DIV/0!" in read.messages
    assert "formula without a result" in read.messages


@pytest.mark.parametrize("shown", ["h:mm", "[h]:mm"])
def test_both_date_systems_give_the_same_durations(tmp_path: Path, shown: str) -> None:
    for date_1904 in (False, True):
        path = tmp_path / f"{date_1904}.xlsx"
        with xlsxwriter.Workbook(str(path), {"date_1904": date_1904}) as workbook:
            sheet, style = workbook.add_worksheet(), workbook.add_format({"num_format": shown})
            sheet.write_row(0, 0, ["Task", "Duration"])
            for row, value in enumerate([0.0625, 1, 1.5, 2.0520833333333335, 0], start=1):
                sheet.write(row, 0, "A")
                sheet.write_number(row, 1, value, style)
        assert read_path(path).durations == [90, 1440, 2160, 2955, 0]
