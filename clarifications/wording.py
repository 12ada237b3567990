"""What a schema says to a person: the label and the help text of its field."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from backlog.blueprints import definition_of
from clarifications.models import Question
from pages.presentation import spoken

# What an approval is asked for, in words: a question keeps its title in English and is shown in the reader's language.
MAY_START = gettext_noop("May “%(item)s” start?")
MAY_GO_ON = gettext_noop("May “%(item)s” go on?")
APPROVE_WORK = gettext_noop("Approve the work of “%(item)s”?")
ACCEPT_FAILED_CHECKS = gettext_noop("Accept “%(item)s” although checks failed?")
APPROVAL_TITLES = (MAY_START, MAY_GO_ON, APPROVE_WORK, ACCEPT_FAILED_CHECKS)

CHOOSE = gettext_lazy("Choose one")
NOT_SAID = gettext_lazy("Not said")

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
# Bounds of text this generous help nobody.
WORTH_SAYING = 1000
MOST_EXAMPLES = 3


def title_of(question: Question) -> str:
    """The question's title in the reader's language; an approval's is made from its item's title."""
    if question.kind != Question.Kind.APPROVAL:
        return spoken(question.title)
    key = question.field.removeprefix("approval:")
    item = next((i for i in definition_of(question.project.template_id).items if i.key == key), None)
    if item is None:
        return question.title
    asked = next((title for title in APPROVAL_TITLES if title % {"item": item.title} == question.title), None)
    return _(asked) % {"item": spoken(item.title)} if asked else question.title


def label_of(schema: Mapping[str, Any], name: str) -> str:
    """The title, or the name as words."""
    return spoken(str(schema.get("title") or name.replace("_", " ").capitalize()))


def help_text(schema: Mapping[str, Any], reason: str, *, kind: str) -> SafeString:
    """What the schema and the asker say of the value, escaped: both may come from a foreign worker."""
    parts = [spoken(str(schema.get("description", ""))), spoken(reason), *sentences(schema, kind)]
    return escape(" ".join(sentence(part) for part in parts if part.strip()))


def sentences(schema: Mapping[str, Any], kind: str) -> Iterator[str]:
    """How to write the value: unit, form, bounds, examples."""
    if unit := schema.get("x_unit"):
        yield _("Unit: %(unit)s") % {"unit": spoken(str(unit))}
    if kind in ("lines", "json"):
        yield _("One entry a line") if kind == "lines" else _("Written as JSON")
    if kind == "date-time":
        yield _("Times are in %(zone)s") % {"zone": get_current_timezone_name()}
    yield bounds_of(schema).capitalize()
    if each := bounds_of(schema.get("items", {})):
        yield _("Each %(bounds)s") % {"bounds": each}
    if (examples := schema.get("examples")) and kind != "rows":
        said = _(" or ").join(typed(example, kind) for example in examples[:MOST_EXAMPLES])
        yield _("For example %(examples)s") % {"examples": said}


def bounds_of(schema: Mapping[str, Any]) -> str:
    """The bounds in words, such as `more than 0, at most 100`."""
    told = (str(words).format(grouped(schema[name])) for name, words in BOUNDS.items() if worth_saying(schema, name))
    return ", ".join(told)


def grouped(bound: Any) -> str:
    """The bound as the reader writes it, large numbers in groups of three digits."""
    return number_format(bound, use_l10n=True, force_grouping=True)


def worth_saying(schema: Mapping[str, Any], name: str) -> bool:
    """Whether the schema has the bound and a person may run into it."""
    if name not in schema or (name in ("minLength", "minItems") and schema[name] <= 1):
        return False
    return not (name in ("maxLength", "maxItems") and schema[name] >= WORTH_SAYING)


def typed(example: Any, kind: str) -> str:
    """An example as it would be typed."""
    if kind == "lines" and isinstance(example, list):
        return ", ".join(map(str, example))
    return example if isinstance(example, str) and kind != "json" else json.dumps(example, ensure_ascii=False)


def sentence(words: str) -> str:
    """The words with a full stop, unless they end already."""
    words = words.strip()
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
