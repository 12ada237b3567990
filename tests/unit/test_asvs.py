"""The page about OWASP ASVS leaves no requirement out, counts right, and names only what is there."""

import re
from collections import Counter
from typing import NamedTuple

from tests.house import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text()
MET, NOT_MET, DOES_NOT_APPLY = "met", "not met", "does not apply"
# How many requirements of levels 1 and 2 the sections of each chapter of ASVS 5.0.0 have: the first ones of each.
SECTIONS = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}
QUOTED = re.compile(r"`([^`]+)`")
# A path in a cell, such as `signin/totp.py` or `deploy/`; an address such as `/metrics` is none.
PATH = re.compile(r"`([\w.-]+/(?:[\w./@-]*))`")


class Row(NamedTuple):
    """One requirement: its number, what it asks for, how it is met, what shows that, and the state."""

    number: str
    asks: str
    how: str
    shown: str
    state: str


ROWS = [Row(*(cell.strip() for cell in line.split("|")[1:-1])) for line in PAGE.splitlines() if line.startswith("| V")]


def expected() -> list[str]:
    """The number of each requirement."""
    return [
        f"V{chapter}.{section}.{number}"
        for chapter, sizes in SECTIONS.items()
        for section, size in enumerate(sizes, start=1)
        for number in range(1, size + 1)
    ]


def is_there(word: str) -> bool:
    """Whether the file, the test in it, or the target of the Makefile exists."""
    if word.startswith("make "):
        return bool(re.search(rf"^{word.removeprefix('make ')}:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    name, _colons, function = word.partition("::")
    path = ROOT / name
    return path.exists() and (not function or bool(re.search(rf"^def {function}\(", path.read_text(), re.MULTILINE)))


def test_each_requirement_of_levels_1_and_2_is_there_once_and_in_its_order() -> None:
    assert [row.number for row in ROWS] == expected()
    assert len(ROWS) == 70 + 183  # of level 1, and of level 2


def test_what_a_row_names_exists() -> None:
    named = [(row.number, word) for row in ROWS for word in (*QUOTED.findall(row.shown), *PATH.findall(row.how))]
    assert len(named) > 300
    assert [(number, word) for number, word in named if not is_there(word)] == []


def test_a_row_says_what_shows_it_unless_it_does_not_apply() -> None:
    assert {row.state for row in ROWS} == {MET, NOT_MET, DOES_NOT_APPLY}
    assert [row.number for row in ROWS if bool(QUOTED.search(row.shown)) == (row.state == DOES_NOT_APPLY)] == []
    assert [row.number for row in ROWS if not (row.asks and row.how)] == []


def test_the_numbers_and_the_list_at_the_top_are_those_of_the_rows() -> None:
    counts = Counter(row.state for row in ROWS) | Counter(all=len(ROWS))
    said = {state: int(number) for state, number in re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", PAGE, re.MULTILINE)}
    assert said == dict(counts)
    listed = re.findall(r"^- \*\*(V[\d.]+)\*\*: ", PAGE, re.MULTILINE)
    assert listed == [row.number for row in ROWS if row.state == NOT_MET]
