"""Show states and times to people: a state as a coloured word, a time as the distance from now."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pages.stored_sentences import form_and_values

MINUTE, HOUR, DAY = 60, 3600, 86400


def state_word(value: str, label: object) -> SafeString:
    """Return a state as a coloured word: `value` selects the colour and `label` is the word."""
    return format_html('<span class="state state-{}">{}</span>', str(value).lower() or "none", label)


def translated(text: str) -> str:
    """Return the reader's translation of a text from a contract or a template that comes with Interlock.

    So are the values of a stored sentence (`stored_form`), and two such texts joined by a colon. Any other text is
    returned unchanged.
    """
    if not text or _(text) != text:
        return _(text) if text else text
    if made := form_and_values(text):
        form, values = made
        return _(form) % {name: translated(value) for name, value in values.items()}
    head, _colon, rest = text.partition(": ")
    if not head or not rest:
        return text
    parts = {"head": translated(head), "rest": translated(rest)}
    return _("%(head)s: %(rest)s") % parts if parts != {"head": head, "rest": rest} else text


def ago(moment: datetime | None) -> SafeString:
    """Return how long ago the moment was, or how far ahead it is, with the exact time on hover; a dash for None."""
    if moment is None:
        return SafeString("–")
    exact = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact,
        distance_in_words(moment),
    )


def distance_in_words(moment: datetime) -> str:
    """Return the distance from now in words, such as “12 min ago” or “in 3 h”; the date beyond 30 days."""
    elapsed = timezone.now() - moment
    if abs(elapsed) > timedelta(days=30):
        return date_format(timezone.localtime(moment), "DATE_FORMAT")
    if abs(elapsed) < timedelta(minutes=1):
        return _("just now") if elapsed >= timedelta() else _("in a moment")
    values = {"length": span_in_words(abs(elapsed))}
    return _("%(length)s ago") % values if elapsed > timedelta() else _("in %(length)s") % values


def span_in_words(span: timedelta) -> str:
    """Return a span of time in words, in its largest unit, rounded down: minutes, hours or days."""
    seconds = int(span.total_seconds())
    if seconds < HOUR:
        return _("%(n)s min") % {"n": seconds // MINUTE}
    if seconds < DAY:
        return _("%(n)s h") % {"n": seconds // HOUR}
    return ngettext("%(n)s day", "%(n)s days", seconds // DAY) % {"n": seconds // DAY}
