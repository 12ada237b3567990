"""Read a workbook back: its values, its formulas, its defined names; and compute the formulas anew."""

import io
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")

Place = tuple[str, int, int]


def column_number(letters: str) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


@dataclass
class ReadWorkbook:
    """A workbook as a spreadsheet program would compute it; `changed` are inputs that a reader typed over."""

    content: bytes
    changed: dict[str, float] = field(default_factory=dict)

    @cached_property
    def sheets(self) -> dict[str, list[list[Any]]]:
        """The stored values of every sheet, from its first cell."""
        book = CalamineWorkbook.from_filelike(io.BytesIO(self.content))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}

    @cached_property
    def formulas(self) -> dict[Place, str]:
        """The formula of each cell that has one."""
        found: dict[Place, str] = {}
        with ZipFile(io.BytesIO(self.content)) as archive:
            for number, name in enumerate(self.sheets, start=1):
                for cell in ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{MAIN}c"):
                    formula = cell.find(f"{MAIN}f")
                    if formula is not None and formula.text:
                        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.attrib["r"]).groups()  # type: ignore[union-attr]
                        found[name, int(row) - 1, column_number(letters)] = formula.text
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """The cell behind each defined name."""
        with ZipFile(io.BytesIO(self.content)) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        found = {name.attrib["name"]: name.text or "" for name in book.iter(f"{MAIN}definedName")}
        return {name: cell for name, cell in found.items() if not name.startswith("_xlnm")}

    def part(self, path: str) -> str:
        """A part of the file as text."""
        with ZipFile(io.BytesIO(self.content)) as archive:
            return archive.read(path).decode()

    def stored(self, place: Place) -> Any:
        """The value that the file holds for the cell."""
        sheet, row, column = place
        return self.sheets[sheet][row][column]

    def computed(self, place: Place) -> Any:
        """The value of the cell, computed anew if it is a formula."""
        formula = self.formulas.get(place)
        return self.stored(place) if formula is None else self.value_of(formula, place[0])

    def named(self, name: str) -> float:
        """The value behind a name, computed anew."""
        if name in self.changed:
            return self.changed[name]
        return float(self.value_of(self.names[name], ""))

    def value_of(self, formula: str, sheet: str) -> Any:
        """The value of a formula of references, names, SUM, MIN and arithmetic."""
        values: list[Any] = []

        def taken(match: re.Match[str]) -> str:
            values.append(self.cells(match, sheet))
            return f"values[{len(values) - 1}]"

        text = REFERENCE.sub(taken, formula)
        for name in self.names:
            text = re.sub(rf"\b{name}\b", lambda found: repr(self.named(found.group())), text)
        return eval(text, {"SUM": sum, "MIN": min, "values": values, "__builtins__": {}})

    def cells(self, match: re.Match[str], sheet: str) -> Any:
        """The value of a cell, or those of a range."""
        name, column, row, last_column, last_row = match.groups()
        place = ((name or sheet).replace("''", "'"), int(row) - 1, column_number(column))
        if last_row is None:
            names = [key for key, cell in self.names.items() if cell == match.group() and key in self.changed]
            return self.changed[names[0]] if names else self.computed(place)
        assert column == last_column
        return [self.computed((place[0], at, place[2])) for at in range(place[1], int(last_row))]
