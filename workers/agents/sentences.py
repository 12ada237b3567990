"""Split a request into sentences, and decide whether a sentence is a requirement, an open point, or neither."""

import re

# A dot after one of these words does not end a sentence.
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
# The possessive `*+` and the look-behind keep the time linear: a text of only dots is read once.
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s+")
# The longest abbreviation; only this many characters before a dot are examined.
LONGEST_ABBREVIATION = 12


def sentences_of(text: str) -> list[str]:
    """Return the text's sentences that have a letter or digit; a line break or a bullet also ends a sentence."""
    sentences: list[str] = []
    for line in text.splitlines():
        sentences.extend(sentences_in(BULLET.sub("", line).strip()))
    return [sentence for sentence in sentences if any(c.isalnum() for c in sentence)]


def sentences_in(line: str) -> list[str]:
    """Return the sentences of one line."""
    sentences, start = [], 0
    for end in SENTENCE_END.finditer(line):
        if not is_abbreviated(line[max(start, end.start() - LONGEST_ABBREVIATION) : end.start()]):
            sentences.append(line[start : end.end()].strip())
            start = end.end()
    return [*sentences, line[start:].strip()]


def is_abbreviated(before_the_dot: str) -> bool:
    """Return True if the dot after this text belongs to an abbreviation."""
    words = before_the_dot.split()
    return bool(words) and words[-1].strip("(").casefold() in ABBREVIATIONS.split()


def is_requirement(sentence: str) -> bool:
    """Return True if the sentence has a verb such as "must", or begins with an imperative such as "show"."""
    words = re.findall(r"[a-z]+", sentence.casefold())
    begins = next((word for word in words if word not in LEAD_INS.split()), "")
    return begins in IMPERATIVES.split() or bool(MODAL.search(sentence))


def is_open_point(sentence: str) -> bool:
    """Return True if the sentence is a question, or says that something is undecided."""
    return bool(OPEN_POINT.search(sentence))
