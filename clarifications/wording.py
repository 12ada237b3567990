"""The words for a schema in forms: the label and the help text of a field, in the reader's language."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from clarifications.models import Answer, Question
from pages.phrases import names_in_words, phrase_in_words
from pages.presentation import translated
from pages.stored_sentences import stored_form
from schemas import strict_json

# The titles of approvals, which a question stores in English.
MAY_START = stored_form(gettext_noop("May “%(item)s” start?"))
MAY_GO_ON = stored_form(gettext_noop("May “%(item)s” go on?"))
APPROVE_WORK = stored_form(gettext_noop("Approve the work of “%(item)s”?"))
ACCEPT_FAILED_CHECKS = stored_form(gettext_noop("Accept “%(item)s” although checks failed?"))

CHOOSE = gettext_lazy("Choose one")
# The choice of a field that does not have to be filled in.
NO_ANSWER = gettext_lazy("No answer")

BOUNDS = {
    "exclusiveMinimum": gettext_lazy("more than {}"),
    "minimum": gettext_lazy("at least {}"),
    "exclusiveMaximum": gettext_lazy("less than {}"),
    "maximum": gettext_lazy("at most {}"),
    "multipleOf": gettext_lazy("a multiple of {}"),
    "minLength": gettext_lazy("at least {} characters"),
    "maxLength": gettext_lazy("at most {} characters"),
    "minItems": gettext_lazy("at least {} entries"),
    "maxItems": gettext_lazy("at most {} entries"),
}
# A limit on length or entries as high as this is not mentioned: nobody reaches it by typing.
WORTH_SAYING = 1000
MOST_EXAMPLES = 3
# Signs that may follow the mark at the end of a sentence.
CLOSING = "”»\u00a0\u202f"


def question_title(question: Question) -> str:
    """Return the question's title in the reader's language, and for an approval the item's title in it as well."""
    if "schema" in question.get_deferred_fields():
        # A long list does not load the schemas; it has their phrases as `title_phrase`.
        return title_in_words({"x_phrase": getattr(question, "title_phrase", None)}, question.title)
    return title_in_words(question.schema, question.title)


def closed_in_words(question: Question, answer: Answer | None) -> str:
    """Return a sentence that says who answered the question, when and with what, or how it was closed."""
    if answer is None:
        return _("“%(title)s” is closed without an answer: %(how)s.") % {
            "title": question_title(question),
            "how": question.get_status_display(),
        }
    values = {
        "title": question_title(question),
        "by": answer.answered_by,
        "value": strict_json.dumps(answer.value).decode(),
    }
    values["when"] = date_format(localtime(answer.answered_at), "DATETIME_FORMAT")
    return _("“%(title)s” was answered by %(by)s with %(value)s, %(when)s; the first answer stands.") % values


def why_it_waits(reason: str, questions: Iterable[Question]) -> str:
    """Return why an item waits in the reader's language, by the question that the reason names or begins with."""
    for question in questions:
        if reason == question.title:
            return question_title(question)
        title = f"{question.title}: "
        if reason.startswith(title):
            rest = reason_in_words(question.schema, reason.removeprefix(title))
            return _("%(head)s: %(rest)s") % {"head": question_title(question), "rest": rest}
    return translated(reason)


def title_in_words(schema: Mapping[str, Any], title: str) -> str:
    """Return a title in the reader's language; `x_phrase` in the schema has its template and values apart."""
    phrase = schema.get("x_phrase")
    return phrase_in_words(phrase, title) if phrase else translated(title)


def reason_in_words(schema: Mapping[str, Any], reason: str) -> str:
    """Return why something is asked, in the reader's language; `x_reason` has its template and values apart."""
    phrase = schema.get("x_reason")
    return phrase_in_words(phrase, reason) if phrase else translated(reason)


def answer_in_words(question: Question, value: Any) -> str:
    """Return an answer in one line; that of an approval as Yes or No, with the notes in quotation marks."""
    if question.kind != Question.Kind.APPROVAL or not isinstance(value, dict):
        return value_in_one_line(value)
    notes = str(value.get("notes") or "")
    return " ".join([value_in_one_line(bool(value.get("approved"))), *([names_in_words([notes])] if notes else [])])


def value_in_one_line(value: Any) -> str:
    """Return a JSON value in one line: Yes or No, a text as it is, anything else as JSON."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return value if isinstance(value, str) else strict_json.dumps(value).decode()


def choices_in_words(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (value, its words and what it would make) of each choice that the schema's `x_choices` describes.

    The choices of an object are those of its parts.
    """
    parts = [schema, *(part for part in schema.get("properties", {}).values() if isinstance(part, dict))]
    # The order is that of `enum`: PostgreSQL keeps no order of an object's keys.
    described = [(value, part["x_choices"][value]) for part in parts if "x_choices" in part for value in part["enum"]]
    return [(value, described_choice(choice)) for value, choice in described]


def described_choice(choice: Mapping[str, Any]) -> str:
    """Return a choice in words: its title, and the minutes or the hours of a month that it would make."""
    if "minutes" in choice:
        return choice_in_words(phrase_in_words(choice.get("phrase"), choice["title"]), choice["minutes"])
    words = translated(choice["title"])
    if "working_days" in choice:
        counts = {"days": grouped_number(choice["days"]), "working_days": grouped_number(choice["working_days"])}
        words += _(" (%(days)s days, %(working_days)s working days)") % counts
    if "hours_a_month" not in choice:
        return words
    return _("%(title)s: %(hours)s hours a month") % {
        "title": words,
        "hours": grouped_number(round(choice["hours_a_month"], 1)),
    }


def choice_in_words(title: str, minutes: float) -> str:
    """Return the translated title of a choice about a file, and what it would total, in the reader's format."""
    hours = grouped_number(round(minutes / 60, 1))
    values = {"title": title, "minutes": grouped_number(round(minutes, 2)), "hours": hours}
    return _("%(title)s: %(minutes)s minutes in all, which are %(hours)s hours") % values


def label_of(schema: Mapping[str, Any], name: str) -> str:
    """Return the schema's title, else the field's name as words."""
    return title_in_words(schema, str(schema.get("title") or name.replace("_", " ").capitalize()))


def help_text(schema: Mapping[str, Any], reason: str, *, kind: str) -> SafeString:
    """Return the help text: description, reason, and hints for the kind of field.

    The text is escaped, because schema and reason may come from an external worker.
    """
    parts = [translated(str(schema.get("description", ""))), reason_in_words(schema, reason), *hints(schema, kind)]
    return escape(" ".join(with_full_stop(part) for part in parts if part.strip()))


def hints(schema: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Yield hints on how to write the value: unit, form, bounds and examples."""
    if unit := schema.get("x_unit"):
        yield _("Unit: %(unit)s") % {"unit": translated(str(unit))}
    if kind in ("lines", "json"):
        yield _("One entry a line") if kind == "lines" else _("Written as JSON")
    if kind == "date-time":
        yield _("Times are in %(zone)s") % {"zone": get_current_timezone_name()}
    yield bounds_of(schema).capitalize()
    if each := bounds_of(schema.get("items", {})):
        yield _("Each %(bounds)s") % {"bounds": each}
    if (examples := schema.get("examples")) and kind != "rows":
        joined = _(" or ").join(example_as_typed(example, kind) for example in examples[:MOST_EXAMPLES])
        yield _("For example %(examples)s") % {"examples": joined}


def bounds_of(schema: Mapping[str, Any]) -> str:
    """Return the bounds in words, such as `more than 0, at most 100`."""
    described = (
        str(words).format(grouped_number(schema[name]))
        for name, words in BOUNDS.items()
        if is_worth_saying(schema, name)
    )
    return ", ".join(described)


def grouped_number(number: Any) -> str:
    """Return the number in the reader's format, with digits in groups of three; a whole number has no decimals."""
    whole = isinstance(number, float) and number.is_integer()
    return number_format(int(number) if whole else number, use_l10n=True, force_grouping=True)


def is_worth_saying(schema: Mapping[str, Any], name: str) -> bool:
    """Return True if the schema has this bound and a person could reach it."""
    if name not in schema or (name in ("minLength", "minItems") and schema[name] <= 1):
        return False
    return not (name in ("maxLength", "maxItems") and schema[name] >= WORTH_SAYING)


def example_as_typed(example: Any, kind: str) -> str:
    """Return the example as a person would type it into this kind of field."""
    if kind == "lines" and isinstance(example, list):
        return ", ".join(map(str, example))
    return example if isinstance(example, str) and kind != "json" else json.dumps(example, ensure_ascii=False)


def with_full_stop(words: str) -> str:
    """Return the words with a full stop at the end, unless they end with a mark already."""
    words = words.strip()
    return words if words.rstrip(CLOSING).endswith((".", "!", "?", "…")) else f"{words}."
