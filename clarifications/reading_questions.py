"""The questions about a file in doubt, as fields that a person is asked for: each choice says what it would total."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from backlog.readings import open_doubts
from clarifications.contract import MissingField
from events.texts import shortened

PREFIX = "reading_"
REASON = gettext_noop("The file does not say it, and no figure is computed before it is answered.")
ONE_OF_SEVERAL = gettext_noop(
    "The file does not say it, and no figure is computed before it is answered. Each total takes the first choice for "
    "the other questions about this file."
)
# The head of the evidence; the rows follow it after a colon, as the file shows them.
EXAMPLE = gettext_noop("Rows of the file")
# What a question keeps of a choice: its words in English and as a phrase, which older readings lack, and its total.
KEPT = ("title", "phrase", "minutes")
# In characters.
LONGEST_SAMPLE = 300


def is_about_reading(field: MissingField) -> bool:
    """Return True if the field is a question about how a file is to be read."""
    return str(field.schema.get("x_pointer", "")).startswith("/reading/")


def reading_fields(data: Mapping[str, Any]) -> list[MissingField]:
    """Return a field for each doubt about the file of this work context that can be asked about now."""
    doubts = open_doubts(data)
    is_one_of_several = len({doubt["title"] for doubt in data.get("readings", {}).get("doubts", [])}) > 1
    reason = ONE_OF_SEVERAL if is_one_of_several else REASON
    return [MissingField(f"{PREFIX}{doubt['field']}", schema_of_doubt(doubt), reason) for doubt in doubts]


def schema_of_doubt(doubt: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema to ask about a doubt; its `x_choices` has the words and the minutes of each value.

    `x_phrase` is the title as template and values, to translate it.

    The answer goes to `reading` in the work context, under the doubt's own field.
    """
    rows = shortened("; ".join(" | ".join(cells) for cells in doubt["sample"]), LONGEST_SAMPLE)
    choices = doubt["choices"]
    return {
        "type": "string",
        "title": doubt["title"],
        "description": f"{EXAMPLE}: {rows}" if rows else "",
        "enum": [choice["value"] for choice in choices],
        "x_choices": {choice["value"]: {key: choice[key] for key in KEPT if key in choice} for choice in choices},
        **({"x_phrase": doubt["phrase"]} if "phrase" in doubt else {}),
        "x_pointer": f"/reading/{doubt['field']}",
    }
