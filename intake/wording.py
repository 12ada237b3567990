"""Show what the reader of a file says in the language of the person who looks at it."""

from intake.spreadsheets.phrases import Phrase
from pages.phrases import phrase_in_words


def in_words(phrase: Phrase) -> str:
    """Return the phrase in the reader's language, its numbers in the reader's format."""
    return phrase_in_words(phrase.as_json())
