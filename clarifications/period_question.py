"""The question which period the rows cover: each choice says what it would make of the hours of a month."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backlog.periods import FACTS, answered_period, interval_of
from clarifications.contract import MissingField, given_in_words
from clarifications.errors import InvalidAnswer
from schemas.periods import MOST_WORKING_DAYS, WORKING_DAYS, is_period, periods_per_month

FIELD = "period"
TITLE = gettext_noop("Which period do the rows cover?")
REASON = gettext_noop("Figures for a month are computed from it, and no period is assumed.")
NO_LENGTH = gettext_noop("It does not say how long the period is.")
LENGTHS = {
    "day": gettext_noop("One day"),
    "week": gettext_noop("One week"),
    "month": gettext_noop("One month"),
    "quarter": gettext_noop("One quarter"),
    "year": gettext_noop("One year"),
}
A_NUMBER = gettext_noop("A number of working days, which I write below")


def without_period(
    missing: list[MissingField], needs: Mapping[str, Any], data: Mapping[str, Any]
) -> list[MissingField]:
    """Return the missing fields with the question for the period in its place, if the rows are there and need one.

    Without rows nothing can be said about their period: it is asked for, or read, when there are some. A template may
    describe a period of its own; then it is asked for like any other field.
    """
    if FIELD not in needs.get("required", ()) or FIELD in needs.get("properties", {}):
        return missing
    others = [field for field in missing if field.name != FIELD]
    has_rows = any(data.get(key) for key in ("rows", "rows_ref", "readings"))
    if not has_rows or is_period(data.get(FIELD)):
        return others
    given = data.get(FIELD)
    return [*others, MissingField(FIELD, schema_of_period(data), given_in_words(given, NO_LENGTH) if given else REASON)]


def schema_of_period(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema to ask for the period, with what the dates of the rows say as choices and evidence.

    `x_choices` has the words of each choice, and the hours of a month that it makes of the rows where these are known.
    """
    facts = data.get(FACTS) or {"minutes": 0, "doubts": [], "ranges": []}
    lengths = {kind: {"title": words, **hours_in({"type": kind}, facts)} for kind, words in LENGTHS.items()}
    choices = {interval_of(one): range_as_choice(one, facts) for one in facts["ranges"]} | lengths
    choices[WORKING_DAYS] = {"title": A_NUMBER}
    length = {"type": "string", "title": gettext_noop("The rows are those of"), "enum": list(choices)}
    number = {"type": "integer", "title": gettext_noop("Number of working days"), "minimum": 1}
    return {
        "type": "object",
        "title": TITLE,
        "description": "; ".join(facts["doubts"]),
        "properties": {
            "type": {**length, "x_choices": choices},
            "working_days": {**number, "maximum": MOST_WORKING_DAYS},
        },
        "required": ["type"],
        "additionalProperties": False,
        "x_pointer": f"/{FIELD}",
    }


def range_as_choice(found: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return one period that the dates may mean, as a choice."""
    days = {key: found[key] for key in ("first", "last", "days", "working_days")}
    return {"title": f"{found['title']}: {found['first']} – {found['last']}", **days, **hours_in(found, facts)}


def hours_in(period: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the hours of a month if the rows cover this period; nothing if their minutes are not known."""
    if not facts["minutes"]:
        return {}
    return {"hours_a_month": round(facts["minutes"] / 60 * float(periods_per_month(period)), 2)}


def is_about_period(schema: Mapping[str, Any]) -> bool:
    """Return True if a question has the schema that `schema_of_period` makes."""
    return schema.get("title") == TITLE and schema.get("x_pointer") == f"/{FIELD}"


def period_in_answer(answer: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the period that an answer names, as the work context holds it. Raises InvalidAnswer."""
    try:
        return answered_period(data, answer)
    except ValueError as error:
        words = _("Write the number of working days that the rows cover.")
        pointer = "/working_days"
        if answer.get("working_days") is not None:
            words, pointer = _("“%(value)s” is no length of a period.") % {"value": str(answer["type"])[:40]}, "/type"
        raise InvalidAnswer(words, problems=[(pointer, words)]) from error
