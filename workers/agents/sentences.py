"""Sentences of a request, and what each of them is: a requirement, an open point, or neither."""

import re

# A dot after one of these ends no sentence.
ABBREVIATIONS = "e.g i.e etc mr mrs ms dr prof approx ca vs no nr fig incl excl z.b d.h"
IMPERATIVES = (
    "add allow analyse analyze audit automate avoid build calculate change check collect compare compute create cut"
    " define deliver describe design determine develop document ensure estimate evaluate export find fix generate"
    " give identify implement import improve include integrate investigate keep let list look make measure migrate"
    " move notify prepare prevent produce propose provide reduce remove replace report review send shorten show"
    " store suggest summarise summarize support test tell track update use validate verify write"
)
LEAD_INS = "please also then and"
MODAL_VERBS = (
    "must|shall|should|needs?|has to|have to|requires?|required|wants?|expects?|ought to|will|would like|may not|cannot"
)
UNDECIDED = (
    "tbd|tbc|tba|unclear|not (?:yet )?(?:decided|clear)|open (?:point|question|issue)"
    "|to be (?:decided|defined|determined|confirmed|clarified|discussed)"
)

MODAL = re.compile(rf"\b(?:{MODAL_VERBS})\b", re.IGNORECASE)
OPEN_POINT = re.compile(rf"\b(?:{UNDECIDED})\b|\?", re.IGNORECASE)
BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)]|[a-z]\))\s+")
# Possessive, and begun only where a row of signs begins: a text of nothing but dots is read once.
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s+")
# No abbreviation is longer, so nothing before it needs to be looked at again.
LONGEST_ABBREVIATION = 12


def sentences_of(text: str) -> list[str]:
    """The text's sentences; a line break or a bullet ends one too."""
    found: list[str] = []
    for line in text.splitlines():
        found.extend(sentences_in(BULLET.sub("", line).strip()))
    return [sentence for sentence in found if any(c.isalnum() for c in sentence)]


def sentences_in(line: str) -> list[str]:
    """The sentences of one line."""
    found, start = [], 0
    for end in SENTENCE_END.finditer(line):
        if not is_abbreviated(line[max(start, end.start() - LONGEST_ABBREVIATION) : end.start()]):
            found.append(line[start : end.end()].strip())
            start = end.end()
    return [*found, line[start:].strip()]


def is_abbreviated(before_the_dot: str) -> bool:
    """Whether the dot belongs to an abbreviation."""
    words = before_the_dot.split()
    return bool(words) and words[-1].strip("(").casefold() in ABBREVIATIONS.split()


def is_requirement(sentence: str) -> bool:
    """Whether the sentence obliges somebody, or begins by telling somebody to do something."""
    words = re.findall(r"[a-z]+", sentence.casefold())
    begins = next((word for word in words if word not in LEAD_INS.split()), "")
    return begins in IMPERATIVES.split() or bool(MODAL.search(sentence))


def is_open_point(sentence: str) -> bool:
    """Whether the sentence asks, or says that something is undecided."""
    return bool(OPEN_POINT.search(sentence))
