"""Categories that differ only in case, in spaces or in how accents are stored are one, named as most often written.

Some name no category at all: what people write when they do not know one.
"""

import unicodedata
from collections import Counter, defaultdict

VAGUE_WORDS = """
other others misc miscellaneous various general unknown none n/a na tbd ? - -- sonstiges sonstige diverses allgemein
unbekannt divers autre autres inconnu otros otro varios altro varie outros overig overige diversen
"""
VAGUE = frozenset(VAGUE_WORDS.split())


def is_vague(category: str) -> bool:
    """Return True if the cell of a category names none."""
    return folded(category).strip(".") in VAGUE or not category.strip()


def folded(category: str) -> str:
    """Return the form in which equal categories are equal: composed, in lower case, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", category).casefold().split())


def spellings(categories: Counter[str]) -> dict[str, str]:
    """Return for each category as written the one spelling for it: the most frequent, of equals the first."""
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for written, count in categories.items():
        groups[folded(written)][" ".join(unicodedata.normalize("NFC", written).split())] += count
    best = {key: group.most_common(1)[0][0] for key, group in groups.items()}
    return {written: best[folded(written)] for written in categories}
