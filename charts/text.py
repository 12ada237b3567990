"""How much room a text takes. The server has no font: the widths are estimates, rather too wide than too narrow."""

import unicodedata

NARROW, BROAD = set("iljtfrI.,:;'|!()[] \u00a0\u202f"), set("mwMW@%—…")
SIZE = 13  # units; what charts.css gives the text of a chart


def width(text: str) -> float:
    """The estimated width of a text in units."""
    return SIZE * sum(map(of_letter, text))


def of_letter(letter: str) -> float:
    """The estimated width of a letter, as a part of the font size."""
    if unicodedata.combining(letter):
        return 0
    if letter in BROAD or unicodedata.east_asian_width(letter) in "WF":
        return 1
    return 0.4 if letter in NARROW else 0.72 if letter.isupper() else 0.61


def cut(text: str, room: float) -> str:
    """The text in one line, with an ellipsis where it does not fit the room."""
    text = " ".join(text.split())
    if width(text) <= room:
        return text
    return text[: fitting(text, room - width("…"))].rstrip() + "…"


def fitting(text: str, room: float) -> int:
    """How many letters from the beginning fit."""
    taken = 0.0
    for count, letter in enumerate(text):
        taken += SIZE * of_letter(letter)
        if taken > room:
            return count
    return len(text)


def wrapped(text: str, room: float) -> tuple[str, ...]:
    """The text in one line or two, broken between words unless the first is too long; the second is cut."""
    text = " ".join(text.split())
    if width(text) <= room:
        return (text,)
    end = fitting(text, room)
    space = text.rfind(" ", 0, end + 1)
    end = space if space > 0 else end
    return text[:end].rstrip(), cut(text[end:], room)
