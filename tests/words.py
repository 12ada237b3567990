"""Which words of a text are in some language."""

import re

WORD = re.compile(r"[^\W\d_]{2,}")
# Names, which are the same in every language.
NAMES = {"Interlock", "CSV", "JSON", "XLSX", "YAML"}


def words_in(text: str) -> list[str]:
    """The words of two letters or more that are in some language."""
    return [word for word in WORD.findall(text) if word not in NAMES]
