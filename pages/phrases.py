"""Put a text that was stored as template and values into the reader's language, its numbers in the reader's format."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

# Only these are filled in: what is stored may come from elsewhere, and `%` would obey any format in it.
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def phrase_in_words(phrase: Any, text: str = "") -> str:
    """Return the phrase {template, values} in the reader's language; the English text if there is no such phrase."""
    template = phrase.get("template") if isinstance(phrase, Mapping) else None
    if not isinstance(template, str) or not template:
        return _(text) if text else ""
    values = phrase.get("values")
    known = values if isinstance(values, Mapping) else {}
    return PLACEHOLDER.sub(lambda found: value_in_words(known.get(found[1], found[0])), _(template))


def warning_in_words(warning: Mapping[str, Any]) -> str:
    """Return the words of a stored warning about a file in the reader's language."""
    return phrase_in_words(warning.get("phrase"), str(warning.get("message", "")))


def names_in_words(names: Iterable[Any]) -> str:
    """Return the names in the reader's quotation marks, separated by commas."""
    return ", ".join(_("“%(name)s”") % {"name": name} for name in names)


def value_in_words(value: Any) -> str:
    """Return a value of a phrase: a number in the reader's format, names in quotation marks, a phrase translated."""
    if isinstance(value, list):
        are_phrases = all(isinstance(part, Mapping) for part in value)
        return ", ".join(map(phrase_in_words, value)) if are_phrases else names_in_words(value)
    if isinstance(value, Mapping):
        return phrase_in_words(value)
    if isinstance(value, int | float):
        rounded = round(value, 2)
        return number_format(int(rounded) if rounded == int(rounded) else rounded, force_grouping=True)
    return str(value)
