"""Categories that differ only in case, in spaces or in how accents are stored are one, named as most often written."""

import unicodedata
from collections import Counter, defaultdict


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
