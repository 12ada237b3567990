"""Split a request into sentences, and decide which sentences are requirements and which are open points.

A sentence can be both, or neither. Only English wording is recognised.
"""

import re

# The dot after one of these words does not end a sentence. `z.b` and `d.h` are German.
ABBREVIATIONS = "e.g i.e etc mr mrs ms dr prof approx ca vs no nr fig incl excl z.b d.h"
# A sentence that begins with one of these verbs is a requirement, also if lead-in words stand before the verb.
IMPERATIVES = (
    "add allow analyse analyze audit automate avoid build calculate change check collect compare compute create cut"
    " define deliver describe design determine develop document ensure estimate evaluate export find fix generate"
    " give identify implement import improve include integrate investigate keep let list look make measure migrate"
    " move notify prepare prevent produce propose provide reduce remove replace report review send shorten show"
    " store suggest summarise summarize support test tell track update use validate verify write"
)
LEAD_INS = "please also then and"
# Alternatives of a regular expression: a sentence that has one of these anywhere is a requirement.
MODAL_VERBS = (
    "must|shall|should|needs?|has to|have to|requires?|required|wants?|expects?|ought to|will|would like|may not|cannot"
)
# Alternatives of a regular expression: a sentence that has one of these, or a question mark, is an open point.
UNDECIDED = (
    "tbd|tbc|tba|unclear|not (?:yet )?(?:decided|clear)|open (?:point|question|issue)"
    "|to be (?:decided|defined|determined|confirmed|clarified|discussed)"
)

MODAL = re.compile(rf"\b(?:{MODAL_VERBS})\b", re.IGNORECASE)
OPEN_POINT = re.compile(rf"\b(?:{UNDECIDED})\b|\?", re.IGNORECASE)
# The mark at the beginning of a line in a list: "- ", "* ", "1. ", "(2) " or "a) ".
BULLET = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.)]|[a-z]\))\s+")
# The possessive `++` and `*+` and the look-behind keep the time linear: a text of only dots is read once.
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s+")
# Only this many characters before a dot are examined, so that a long line does not take long. The longest abbreviation
# has 6, and brackets may stand before it.
MOST_BEFORE_DOT = 12


def sentences_of(text: str) -> list[str]:
    """Return the text's sentences that have a letter or digit, without list marks; a line break ends a sentence."""
    sentences: list[str] = []
    for line in text.splitlines():
        sentences.extend(sentences_in_line(BULLET.sub("", line).strip()))
    return [sentence for sentence in sentences if any(character.isalnum() for character in sentence)]


def sentences_in_line(line: str) -> list[str]:
    """Return the sentences of one line; the last may be empty."""
    sentences, start = [], 0
    for mark in SENTENCE_END.finditer(line):
        if not ends_with_abbreviation(line[max(start, mark.start() - MOST_BEFORE_DOT) : mark.start()]):
            sentences.append(line[start : mark.end()].strip())
            start = mark.end()
    return [*sentences, line[start:].strip()]


def ends_with_abbreviation(text_before_dot: str) -> bool:
    """Return True if the last word is one of ABBREVIATIONS, so that the dot after it ends no sentence."""
    words = text_before_dot.split()
    return bool(words) and words[-1].strip("(").casefold() in ABBREVIATIONS.split()


def is_requirement(sentence: str) -> bool:
    """Return True if the sentence has a verb such as "must", or begins with an imperative such as "show".

    Words of LEAD_INS may stand before the imperative.
    """
    words = re.findall(r"[a-z]+", sentence.casefold())
    first_word = next((word for word in words if word not in LEAD_INS.split()), "")
    return first_word in IMPERATIVES.split() or bool(MODAL.search(sentence))


def is_open_point(sentence: str) -> bool:
    """Return True if the sentence is a question, or says that something is undecided."""
    return bool(OPEN_POINT.search(sentence))
