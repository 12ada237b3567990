"""Estimate the width of texts in SVG units, and cut or wrap texts to fit.

The server has no font, so the widths are estimates, chosen too wide rather than too narrow.
"""

import unicodedata

NARROW, BROAD = set("iljtfrI.,:;'|!()[] \u00a0\u202f"), set("mwMW@%—…")
SIZE = 13  # units; the same as the font size of charts in charts.css


def text_width(text: str) -> float:
    """Return the estimated width of a text in units."""
    return SIZE * sum(map(letter_width, text))


def letter_width(letter: str) -> float:
    """Return the estimated width of a letter as a fraction of the font size."""
    if unicodedata.combining(letter):
        return 0
    if letter in BROAD or unicodedata.east_asian_width(letter) in "WF":
        return 1
    return 0.4 if letter in NARROW else 0.72 if letter.isupper() else 0.61


def cut_text(text: str, room: float) -> str:
    """Return the text in one line; a text wider than `room` units is cut and ends with an ellipsis."""
    text = " ".join(text.split())
    if text_width(text) <= room:
        return text
    return text[: fitting(text, room - text_width("…"))].rstrip() + "…"


def fitting(text: str, room: float) -> int:
    """Return how many letters from the beginning fit into `room` units."""
    used = 0.0
    for count, letter in enumerate(text):
        used += SIZE * letter_width(letter)
        if used > room:
            return count
    return len(text)


def wrapped_text(text: str, room: float) -> tuple[str, ...]:
    """Return the text in one or two lines, broken between words unless the first word is too long.

    A second line that is wider than `room` units is cut.
    """
    text = " ".join(text.split())
    if text_width(text) <= room:
        return (text,)
    end = fitting(text, room)
    space = text.rfind(" ", 0, end + 1)
    end = space if space > 0 else end
    return text[:end].rstrip(), cut_text(text[end:], room)
