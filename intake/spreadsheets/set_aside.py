"""The rows of a file that a person may have to look at: those that were left out, and those that could not be read."""

from dataclasses import dataclass, field
from typing import Any

from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.sheet import Line, cell_text

# So many are kept to be shown; the numbers of them are always exact. Together they fit into one message.
MOST_LEFT_OUT, MOST_UNREAD = 200, 1000
MOST_CHARACTERS = 200_000
SHOWN_CELLS, LONGEST_SHOWN = 12, 80


@dataclass
class SetAside:
    """The rows that were left out and those that could not be read, with the reason, in the order of the file.

    `place` names a row as answers do (`answers.Place`); `why` is a list of phrases.
    """

    left_out: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)
    left_out_count: int = 0
    unread_count: int = 0
    characters: int = 0

    def leave_out(self, place: str, line: Line, why: Phrase, milliseconds: int) -> None:
        """Note a row that does not count."""
        self.left_out_count += 1
        cells = [cell_text(cell)[:LONGEST_SHOWN] for cell in line.cells[:SHOWN_CELLS]]
        if len(self.left_out) < MOST_LEFT_OUT and self._has_room(cells):
            row = {"place": place, "row": line.number, "why": [why], "cells": cells, "milliseconds": milliseconds}
            self.left_out.append(row)

    def note_unread(self, place: str, line: Line, reasons: list[Phrase]) -> None:
        """Note a row that could not be read, or not completely."""
        self.unread_count += 1
        cells = [cell_text(cell) for cell in line.cells]
        if len(self.unread) < MOST_UNREAD and self._has_room(cells):
            self.unread.append({"place": place, "row": line.number, "why": list(reasons), "cells": cells})

    def _has_room(self, cells: list[str]) -> bool:
        """Return True if the cells may be kept, too."""
        self.characters += sum(map(len, cells)) + 100
        return self.characters <= MOST_CHARACTERS
