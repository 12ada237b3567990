"""Rows that sum up others are no tasks: they are left out, and this is said."""

import pytest

from tests.readings import read_text, read_workbook


@pytest.mark.parametrize(
    ("label", "header"),
    [("Total", "Minutes"), ("Grand total", "Minutes"), ("Gesamt", "Minuten"), ("Summe:", "Minuten")]
    + [
        ("Total général", "Minutes"),
        ("Totale", "Minuti"),
        ("Totaal", "Minuten"),
        ("Suma", "Minutos"),
        ("Soma total", "Minutos"),
    ],
)
def test_a_row_that_is_called_a_total_and_is_one_is_left_out(label: str, header: str) -> None:
    read = read_text(f"Task;Category;{header}\nA;X;30\nB;X;45\nC;Y;15\n{label};;90\n")
    assert (read.minutes, len(read.rows), read.warned_rows) == (90, 3, [5])
    assert "left out" in read.messages


def test_subtotals_and_their_total_are_left_out() -> None:
    lines = [
        "Person,Task,Min",
        "Ann,A,10",
        "Ann,B,20",
        "Total Ann,,30",
        "Bob,C,5",
        "Bob,D,15",
        "Total Bob,,20",
        "Total,,50",
    ]
    read = read_text("\n".join(lines))
    assert (read.minutes, read.texts, read.warned_rows) == (50, ["A", "B", "C", "D"], [4, 7, 8])


def test_subtotals_of_two_levels_are_left_out() -> None:
    lines = [
        "Category,Task,Hours",
        "X,A,1",
        "X,B,2",
        "Subtotal X,,3",
        "Y,C,4",
        "Subtotal Y,,4",
        "Subtotal,,7",
        "Z,D,1",
        "Total,,8",
    ]
    read = read_text("\n".join(lines))
    assert (read.minutes, len(read.rows)) == (480, 4)


@pytest.mark.parametrize("first", ["Web,,1.5", "Web,,01:30:00"])
def test_totals_above_their_rows_are_left_out(first: str) -> None:
    unit = "" if ":" in first else " (h)"
    one, half, quarter = ("1", "0.5", "0.25") if unit else ("01:00:00", "00:30:00", "00:15:00")
    lines = [f"Project,Task,Time{unit}", first, f"Web,Draft,{one}", f"Web,Proof,{half}"]
    lines += [f"Ops,,{half}", f"Ops,Deploy,{quarter}", f"Ops,Check,{quarter}"]
    read = read_text("\n".join(lines))
    assert (read.minutes, read.texts, read.warned_rows) == (120, ["Draft", "Proof", "Deploy", "Check"], [2, 5])


def test_rows_without_a_description_are_no_totals_unless_all_of_them_sum_up() -> None:
    read = read_text("Project,Description,Hours\nWeb,,1\nWeb,Draft,1\nOps,,2\nOps,Check,0.5\n")
    assert (read.minutes, len(read.rows)) == (270, 4)


@pytest.mark.parametrize("total", [",,90", "  ,,90"])
def test_a_last_row_without_a_name_is_a_total_by_arithmetic(total: str) -> None:
    read = read_text(f"Task,Category,Minutes\nA,X,30\nB,X,45\nC,Y,15\n{total}\n")
    assert (read.minutes, read.warned_rows) == (90, [5])


@pytest.mark.parametrize("label", ["Total", "Average"])
def test_a_row_called_a_total_that_is_none_is_left_out_with_both_figures(label: str) -> None:
    read = read_text(f"Task,Minutes\nA,30\nB,45\n{label},100\n")
    assert read.minutes == 75
    assert "100 minutes" in read.messages
    assert "75" in read.messages


@pytest.mark.parametrize("label", ["Everything", "Razem"])
def test_a_last_row_that_is_the_sum_of_all_is_asked_unless_it_lacks_cells(label: str) -> None:
    lines = ["Task,Minutes", "A,30", "B,45", "C,15", "Sum of it all,90".replace("Sum of it all", label)]
    read = read_text("\n".join(lines))
    if label == "Razem":
        assert (read.minutes, read.questions) == (90, {})
        return
    assert read.questions == {"last_row": {"total": 90, "task": 180}}
    assert read_text("\n".join(lines), {"last_row": "task"}).minutes == 180
    assert read_text("\n".join(lines), {"last_row": "total"}).minutes == 90


@pytest.mark.parametrize("task", ["Total rewards review", "Summer party", "Summarise the meeting", "Gesamtplanung"])
def test_a_task_that_only_begins_like_a_total_counts(task: str) -> None:
    read = read_text(f"Task,Minutes\nA,31\n{task},30\nB,45\n")
    assert (read.minutes, len(read.rows)) == (106, 3)


@pytest.mark.parametrize("note", ["Signed by Ann", "Created on 5 May"])
def test_notes_below_the_table_are_no_rows(note: str) -> None:
    read = read_text(f"Task,Category,Minutes\nA,X,30\nB,X,45\n{note},,\n")
    assert (read.minutes, read.texts, read.warned_rows) == (75, ["A", "B"], [4])
    read = read_workbook({"Log": [["Task", "Minutes"], ["A", 30], ["B", 45], ["Total", 75], [], [note]]})
    assert read.texts == ["A", "B"]


def test_a_total_above_all_rows_is_left_out() -> None:
    read = read_text("Task,Minutes\nTotal,75\nA,30\nB,45\n")
    assert (read.minutes, read.warned_rows) == (75, [2])


def test_a_sheet_that_is_the_sum_of_all_others_is_not_read() -> None:
    head = ["Task", "Minutes"]
    read = read_workbook({"Jan": [head, ["A", 30], ["B", 45]], "Feb": [head, ["C", 15]], "Q1": [head, ["All", 90]]})
    assert read.minutes == 90
    assert [sheet["read"] for sheet in read.table.reading.sheets] == [True, True, False]
    assert "“Q1”" in read.messages


def test_a_sheet_that_repeats_another_is_asked() -> None:
    head = ["Task", "Minutes"]
    sheets = {"Jan": [head, ["A", 1], ["B", 2], ["C", 3]], "Jan (2)": [head, ["A", 1], ["B", 2], ["C", 3]]}
    assert read_workbook(sheets).questions == {"same_sheets": {"once": 6, "both": 12}}
    assert read_workbook(sheets, {"same_sheets": "both"}).minutes == 12
    assert read_workbook(sheets, {"same_sheets": "once"}).minutes == 6


def test_a_subtotal_that_is_no_sum_is_left_out_if_it_names_no_task_and_else_told() -> None:
    read = read_text("Category,Task,Min\nX,A,10\nX,B,20\nSubtotal X,,35\nY,C,5\nTotal,,35\n")
    assert (read.minutes, read.warned_rows) == (35, [4, 6])
    read = read_text("Task,Min\nA,10\nB,20\nTotal of things,31\n")
    assert (read.minutes, read.warned_rows) == (61, [4])
    assert "counts as a task" in read.messages
