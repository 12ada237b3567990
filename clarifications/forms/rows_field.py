"""A form field for a list of objects: a table with a row for each entry and a column for each part of an entry.

Buttons add and remove rows. They post the form, which is then shown again without giving an answer; with JavaScript
the rows change in the browser. Empty rows are ignored.
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

# Suffixes of the names of the hidden count of rows and of the buttons that add and remove a row.
COUNT_SUFFIX, ADD_SUFFIX, REMOVE_SUFFIX = "-rows", "-add", "-remove"
FIRST_ROWS = 3
# Django accepts at most 1,000 fields of a form; a longer table has to be sent as a file.
MOST_CELLS = 900
MOST_FAULTS = 20


@dataclass(frozen=True)
class Column:
    """A column: the path of its value in an entry, its title and help text, and the form field that reads a cell.

    `show` converts a JSON value to the initial value of the cell.
    """

    path: tuple[str, ...]
    title: str
    help_text: str
    is_needed: bool
    field: forms.Field
    show: Callable[[Any], Any]

    def cell_of(self, entry: Any) -> Any:
        """Return the entry's value in this column, as its input shows it."""
        for name in self.path:
            entry = entry.get(name) if isinstance(entry, dict) else None
        return self.show(entry)


class CellFault(ValidationError):
    """A fault in a cell; the message names its row and column. `cell` is the suffix of the id of the cell's input."""

    def __init__(self, words: str, row: int, column: int, title: str) -> None:
        values = {"row": row + 1, "column": title, "why": words}
        super().__init__(_("Row %(row)s, %(column)s: %(why)s") % values)
        self.cell, self.words = f"-{row}-{column}", words


class RowsInput(forms.Widget):
    """The table with its buttons. Its value is a list of rows, each a list with the raw value of each cell."""

    use_fieldset = True

    def __init__(self, columns: Sequence[Column], most: int) -> None:
        super().__init__()
        self.columns, self.most = columns, min(most, MOST_CELLS // len(columns))
        self.faults: dict[str, str] = {}

    def id_for_label(self, id_: str | None) -> str:
        """Return "", since a table has no single input that its label could name."""
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[Any]]:
        """Return the rows after the button pressed has added or removed rows, filled rows first."""
        rows = [self.row(data, files, name, at) for at in range(count_in(data.get(f"{name}{COUNT_SUFFIX}"), self.most))]
        removed = count_in(data.get(f"{name}{REMOVE_SUFFIX}"), MOST_CELLS)
        rows = [row for at, row in enumerate(rows, 1) if at != removed]
        for _row in range(min(count_in(data.get(f"{name}{ADD_SUFFIX}"), self.most), self.most - len(rows))):
            rows.append([""] * len(self.columns))
        return sorted(rows, key=is_blank)

    def row(self, data: Any, files: Any, name: str, at: int) -> list[Any]:
        """Return what was typed in the cells of a row."""
        cells = enumerate(self.columns)
        return [column.field.widget.value_from_datadict(data, files, f"{name}-{at}-{i}") for i, column in cells]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the table as HTML, with at least FIRST_ROWS rows."""
        rows = value or []
        rows = rows + [[None] * len(self.columns)] * max(0, min(FIRST_ROWS, self.most) - len(rows))
        context = {
            "name": name,
            "id": (attrs or {}).get("id", f"id_{name}"),
            "columns": self.columns,
            "rows": [self.shown_row(name, at, row) for at, row in enumerate(rows)],
            "most": self.most,
            "is_full": len(rows) >= self.most,
        }
        return render_to_string("parts/rows.html", context)

    def shown_row(self, name: str, at: int, row: list[Any]) -> list[dict[str, Any]]:
        """Return the template's context for each cell of the row."""
        return [self.shown_cell(name, at, i, value) for i, value in enumerate(row)]

    def shown_cell(self, name: str, at: int, i: int, value: Any) -> dict[str, Any]:
        """Return the cell's id, its column's title, the HTML of its input, and its fault."""
        cell, column = f"{name}-{at}-{i}", self.columns[i]
        attrs = {"id": f"id_{cell}"}
        if fault := self.faults.get(f"-{at}-{i}", ""):
            attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{cell}_error"}
        html = column.field.widget.render(cell, column.field.prepare_value(value), attrs)
        return {"id": attrs["id"], "title": column.title, "html": html, "fault": fault}


class RowsField(GivesJson):
    """A list of objects that is filled in as a table."""

    widget: RowsInput

    def __init__(self, *, columns: Sequence[Column], most: int, **kwargs: Any) -> None:
        super().__init__(widget=RowsInput(columns, most), **kwargs)
        self.columns = columns

    def prepare_value(self, value: Any) -> Any:
        """Return entries as rows of cells; rows that were typed are returned unchanged."""
        if not value or not all(isinstance(entry, dict) for entry in value):
            return value
        return [[column.cell_of(entry) for column in self.columns] for entry in value[: self.widget.most]]

    def to_python(self, value: Any) -> Any:
        """Return the entries of the rows that are filled in. Raises ValidationError with the fault of each cell."""
        faults: list[CellFault] = []
        rows = [row for row in value or [] if not is_blank(row)]
        entries = [self.entry(at, row, faults) for at, row in enumerate(rows)]
        self.show_faults(faults)
        return entries

    def show_faults(self, faults: list[CellFault]) -> None:
        """Show each fault at its cell. Raises ValidationError with the first MOST_FAULTS, if there are any."""
        self.widget.faults.update((fault.cell, fault.words) for fault in faults)
        if faults:
            raise ValidationError(list(faults[:MOST_FAULTS]))

    def entry(self, at: int, row: list[Any], faults: list[CellFault]) -> dict[str, Any]:
        """Return the entry of a row; the faults of its cells are appended to `faults`."""
        entry: dict[str, Any] = {}
        for i, (column, typed) in enumerate(zip(self.columns, row, strict=True)):
            try:
                value = column.field.clean(typed)
                if value == ABSENT and column.is_needed:
                    raise ValidationError(_("Please fill this in."))
            except ValidationError as error:
                faults.append(CellFault(" ".join(error.messages), at, i, column.title))
            else:
                set_at_path(entry, column.path, value)
        return entry

    def fault_at(self, pointer: str, words: str) -> ValidationError:
        """Return the error for a JSON Pointer into the entries, and show it at its cell if there is one."""
        at, *path = pointer.strip("/").split("/")
        index = next((i for i, column in enumerate(self.columns) if column.path == tuple(path)), None)
        if not at.isdigit():
            return ValidationError(words)
        if index is None:
            return ValidationError(_("Row %(row)s: %(why)s") % {"row": int(at) + 1, "why": words})
        fault = CellFault(words, int(at), index, self.columns[index].title)
        self.widget.faults[fault.cell] = fault.words
        return fault


def set_at_path(entry: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at the path in the entry, creating objects on the way; ABSENT sets nothing."""
    if value == ABSENT:
        return
    for name in path[:-1]:
        entry = entry.setdefault(name, {})
    entry[path[-1]] = value


def is_blank(row: list[Any]) -> bool:
    """Return True if no cell of the row is filled in."""
    return not any(cell.strip() if isinstance(cell, str) else cell for cell in row)


def count_in(text: Any, most: int) -> int:
    """Return the number in a hidden input or a button, from 0 to `most`; 0 if the text is no number."""
    return min(int(text), most) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 9 else 0
