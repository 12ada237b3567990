"""The blocks that a printed report is made of: texts, lists, figures, findings, plots and tables, all in words.

`as_data` turns them into JSON values for the typesetter, which places them and knows nothing of reports.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# A run of more than 16 signs without a space may be broken after each 16, so that it cannot run out of its column.
RUN = re.compile(r"\S{17,}")
AFTER_RUN = re.compile(r"(\S{16})(?=\S)")
BREAK = "\u200b"
# Signs that no font shows: control signs, and halves of surrogate pairs, which UTF-8 cannot hold.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
MOST_NAMED = 5
# Letters that none of the typesetter's own fonts has: those of East and South-East Asia and of most of India, emoji.
WITHOUT_FONT = re.compile(
    "[\u0980-\u109f\u1100-\u139f\u1700-\u1cff\u2e80-\ua63f\ua980-\ud7ff\ue000-\uf8ff\uff00-\uffef\U00010000-\U0010ffff]"
)


@dataclass(frozen=True)
class Text:
    """A paragraph; `is_quiet` for what is smaller and grey, `is_warning` for what stands in a frame."""

    text: str
    is_quiet: bool = False
    is_warning: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Points:
    """A list with bullets."""

    items: list[str]
    kind: str = "points"


@dataclass(frozen=True)
class Figures:
    """The most important figures side by side: (number in words, label)."""

    figures: list[tuple[str, str]]
    kind: str = "figures"


@dataclass(frozen=True)
class Card:
    """A finding in a frame: its figures, its sentences, and below them in small how it was computed."""

    title: str
    figures: list[tuple[str, str]]
    texts: list[str]
    small: str = ""
    kind: str = "card"


@dataclass(frozen=True)
class Picture:
    """A plot as an SVG document; `legend` has (colour, name, value) where the picture has no labels in it."""

    svg: str
    title: str
    alt: str
    legend: list[tuple[str, str, str]] = field(default_factory=list)
    is_wide: bool = False
    kind: str = "picture"


@dataclass(frozen=True)
class Grid:
    """A table: `numeric` are the indexes of the columns of numbers, `total` its last line or empty."""

    headings: list[str]
    rows: list[list[str]]
    numeric: list[int] = field(default_factory=list)
    total: list[str] = field(default_factory=list)
    title: str = ""
    note: str = ""
    kind: str = "grid"


Block = Text | Points | Figures | Card | Picture | Grid


@dataclass(frozen=True)
class Part:
    """A part of the printed report with its heading."""

    title: str
    blocks: Sequence[Block]
    on_new_page: bool = False


def as_data(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the parts as JSON values, with every text made fit for a page; SVG documents are left as they are."""
    found: list[dict[str, Any]] = [printable_value(asdict(part)) for part in parts]
    return found


def printable_value(value: Any) -> Any:
    """Return a value with all its texts made printable."""
    if isinstance(value, dict):
        return {key: part if key in ("svg", "kind") else printable_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [printable_value(part) for part in value]
    return printable_text(value) if isinstance(value, str) else value


def printable_text(text: str) -> str:
    """Return the text without signs that cannot be printed; a long run without spaces may be broken into lines."""
    return RUN.sub(lambda run: AFTER_RUN.sub(rf"\1{BREAK}", run.group()), UNSEEN.sub("\ufffd", text))


def signs_without_font(texts: str) -> str:
    """Return the first few different signs of the texts that a PDF cannot show; empty if there are none."""
    return " ".join(f"U+{ord(sign):04X}" for sign in sorted(set(WITHOUT_FONT.findall(texts)))[:MOST_NAMED])
