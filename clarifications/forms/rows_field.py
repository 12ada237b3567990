"""A list of rows as a table to fill in: a row an entry, a column a property of the entry's schema.

Rows are added and removed by buttons that post the form, and nothing is sent then; a script does the same without
posting. Rows that nobody filled in count for nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clarifications.forms.json_fields import ABSENT, GivesJson

# What the names of the inputs beside the cells end with.
COUNT, ADD, REMOVE = "-rows", "-add", "-remove"
FIRST_ROWS = 3
# Django takes 1,000 fields of a form; a longer table comes as a file.
MOST_CELLS = 900
MOST_FAULTS = 20


@dataclass(frozen=True)
class Column:
    """A column: where its value lies in the entry, what a person reads, and the field that reads a cell."""

    path: tuple[str, ...]
    title: str
    help_text: str
    is_needed: bool
    field: forms.Field
    show: Callable[[Any], Any]

    def cell_of(self, entry: Any) -> Any:
        """The entry's value of this column, as its input shows it."""
        for name in self.path:
            entry = entry.get(name) if isinstance(entry, dict) else None
        return self.show(entry)


class CellFault(ValidationError):
    """What is wrong in a cell, told with its row and column; `cell` is what the id of its input ends with."""

    def __init__(self, words: str, row: int, column: int, title: str) -> None:
        said = {"row": row + 1, "column": title, "why": words}
        super().__init__(_("Row %(row)s, %(column)s: %(why)s") % said)
        self.cell, self.words = f"-{row}-{column}", words


class RowsInput(forms.Widget):
    """The table, with its buttons. The value is a list of rows, each a list of what its inputs take."""

    use_fieldset = True

    def __init__(self, columns: Sequence[Column], most: int) -> None:
        super().__init__()
        self.columns, self.most = columns, min(most, MOST_CELLS // len(columns))
        self.faults: dict[str, str] = {}

    def id_for_label(self, id_: str | None) -> str:
        """No input alone is the table's."""
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[Any]]:
        """The rows as they are once a button for one more or one less is obeyed; the filled ones come first."""
        rows = [self.row(data, files, name, at) for at in range(number(data.get(f"{name}{COUNT}"), self.most))]
        gone = number(data.get(f"{name}{REMOVE}"), MOST_CELLS)
        rows = [row for at, row in enumerate(rows, 1) if at != gone]
        for _row in range(min(number(data.get(f"{name}{ADD}"), self.most), self.most - len(rows))):
            rows.append([""] * len(self.columns))
        return sorted(rows, key=is_blank)

    def row(self, data: Any, files: Any, name: str, at: int) -> list[Any]:
        """What was typed in the cells of a row."""
        cells = enumerate(self.columns)
        return [column.field.widget.value_from_datadict(data, files, f"{name}-{at}-{i}") for i, column in cells]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The table as HTML."""
        rows = value or []
        rows = rows + [[None] * len(self.columns)] * max(0, min(FIRST_ROWS, self.most) - len(rows))
        shown = {
            "name": name,
            "id": (attrs or {}).get("id", f"id_{name}"),
            "columns": self.columns,
            "rows": [self.shown_row(name, at, row) for at, row in enumerate(rows)],
            "most": self.most,
            "is_full": len(rows) >= self.most,
        }
        return render_to_string("parts/rows.html", shown)

    def shown_row(self, name: str, at: int, row: list[Any]) -> list[dict[str, Any]]:
        """The row's cells: each with its input, and what is wrong with it."""
        return [self.shown_cell(name, at, i, value) for i, value in enumerate(row)]

    def shown_cell(self, name: str, at: int, i: int, value: Any) -> dict[str, Any]:
        """The cell's column, id, input and fault."""
        cell, column = f"{name}-{at}-{i}", self.columns[i]
        attrs = {"id": f"id_{cell}"}
        if fault := self.faults.get(f"-{at}-{i}", ""):
            attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{cell}_error"}
        html = column.field.widget.render(cell, column.field.prepare_value(value), attrs)
        return {"id": attrs["id"], "title": column.title, "html": html, "fault": fault}


class RowsField(GivesJson):
    """A list of objects, filled in as a table."""

    widget: RowsInput

    def __init__(self, *, columns: Sequence[Column], most: int, **kwargs: Any) -> None:
        super().__init__(widget=RowsInput(columns, most), **kwargs)
        self.columns = columns

    def prepare_value(self, value: Any) -> Any:
        """Entries as rows of cells, with a row left to fill in; what was typed stays as it was."""
        if not value or not all(isinstance(entry, dict) for entry in value):
            return value
        return [[column.cell_of(entry) for column in self.columns] for entry in value[: self.widget.most]]

    def to_python(self, value: Any) -> Any:
        """The entries of the rows that are filled in. Raises ValidationError with the fault of each cell."""
        faults: list[CellFault] = []
        rows = [row for row in value or [] if not is_blank(row)]
        entries = [self.entry(at, row, faults) for at, row in enumerate(rows)]
        self.mark(faults)
        return entries

    def mark(self, faults: list[CellFault]) -> None:
        """Show each fault at its cell. Raises ValidationError with the first ones, if there are any."""
        self.widget.faults.update((fault.cell, fault.words) for fault in faults)
        if faults:
            raise ValidationError(list(faults[:MOST_FAULTS]))

    def entry(self, at: int, row: list[Any], faults: list[CellFault]) -> dict[str, Any]:
        """The entry that a row means; the faults of its cells are added to `faults`."""
        entry: dict[str, Any] = {}
        for i, (column, typed) in enumerate(zip(self.columns, row, strict=True)):
            try:
                value = column.field.clean(typed)
                if value == ABSENT and column.is_needed:
                    raise ValidationError(_("Please fill this in."))
            except ValidationError as error:
                faults.append(CellFault(" ".join(error.messages), at, i, column.title))
            else:
                put(entry, column.path, value)
        return entry

    def fault_at(self, pointer: str, words: str) -> ValidationError:
        """What is wrong at a place of the entries (a JSON Pointer), at its cell where it has one."""
        at, *path = pointer.strip("/").split("/")
        found = next((i for i, column in enumerate(self.columns) if column.path == tuple(path)), None)
        if not at.isdigit():
            return ValidationError(words)
        if found is None:
            return ValidationError(_("Row %(row)s: %(why)s") % {"row": int(at) + 1, "why": words})
        fault = CellFault(words, int(at), found, self.columns[found].title)
        self.widget.faults[fault.cell] = fault.words
        return fault


def put(entry: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at its place in the entry; what nobody filled in is left out."""
    if value == ABSENT:
        return
    for name in path[:-1]:
        entry = entry.setdefault(name, {})
    entry[path[-1]] = value


def is_blank(row: list[Any]) -> bool:
    """Whether nothing is filled in."""
    return not any(cell.strip() if isinstance(cell, str) else cell for cell in row)


def number(text: Any, most: int) -> int:
    """The number from 0 to `most` that a hidden input or a button says."""
    return min(int(text), most) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 9 else 0
