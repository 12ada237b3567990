"""Texts about a file that keep their template and values, so that whoever shows them can translate them.

The process that parses a file has no language and no settings. A phrase is its English text; beside it stand the
template, marked by `gettext_noop`, and the values. They go with it over the wire and into what is stored, where
`pages.phrases` puts them into the reader's language.
"""

from collections.abc import Mapping
from typing import Any

import orjson


def gettext_noop(message: str) -> str:
    """Return the message unchanged, marked for translation. Django's own needs settings, which a reader has not."""
    return message


class Phrase(str):
    """An English text made of a template and named values: numbers, texts, phrases, or lists of names or phrases.

    A list of phrases is joined by commas; so is a list of names, each in quotation marks. The number of a row is given
    as text, because it is not grouped.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> "Phrase":
        written = {key: v if type(v) is str else in_english(v) for key, v in values.items()}
        phrase = super().__new__(cls, template % written if values else template)
        phrase.template, phrase.values = template, values
        return phrase

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Phrase":
        return self

    def as_json(self) -> dict[str, Any]:
        """Return {template, values}, the phrases among the values in the same form."""
        return {"template": self.template, "values": {key: value_as_json(value) for key, value in self.values.items()}}


def in_english(value: Any) -> str:
    """Return a value as English writes it: numbers grouped, with at most two places; names in quotation marks."""
    if isinstance(value, list):
        return ", ".join(str(part) if isinstance(part, Phrase) else f"“{part}”" for part in value)
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def value_as_json(value: Any) -> Any:
    """Return a value of a phrase for JSON."""
    if isinstance(value, list):
        return [value_as_json(part) for part in value]
    return value.as_json() if isinstance(value, Phrase) else value


def phrase_of(stored: Any) -> Phrase:
    """Return the phrase that was written as JSON; a text alone, as older readings have it, is its own template."""
    if not isinstance(stored, Mapping):
        return Phrase(str(stored))
    return Phrase(stored["template"], **{key: value_of(value) for key, value in stored["values"].items()})


def value_of(stored: Any) -> Any:
    """Return a value of a phrase that was written as JSON."""
    if isinstance(stored, list):
        return [value_of(part) for part in stored]
    return phrase_of(stored) if isinstance(stored, Mapping) else stored


def encoded(message: Any) -> bytes:
    """Return JSON in which each phrase is written as {template, values}."""
    return orjson.dumps(message, default=of_subclass, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def of_subclass(value: Any) -> Any:
    """Return what orjson writes for a value of a class of its own."""
    if isinstance(value, Phrase):
        return value.as_json()
    if isinstance(value, dict):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
