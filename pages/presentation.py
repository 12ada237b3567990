"""How states and moments look to a person: a coloured word, and how long ago."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400


def state_word(value: str, label: object) -> SafeString:
    """A state as a coloured word; `value` picks the colour and `label` is the word."""
    return format_html('<span class="state state-{}">{}</span>', str(value).lower() or "none", label)


def spoken(text: str) -> str:
    """A text out of a contract or a shipped template in the reader's language, also two such joined by a colon.

    Any other text stays as it is.
    """
    head, colon, rest = text.partition(": ")
    if colon and rest and _(text) == text:
        return f"{_(head) if head else head}{colon}{_(rest)}"
    return _(text) if text else text


def ago(moment: datetime | None) -> SafeString:
    """How long ago the moment is, or how far ahead, with the exact time on hover; a dash for none."""
    if moment is None:
        return SafeString("–")
    exact = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(timespec="seconds"), exact, distance(moment)
    )


def distance(moment: datetime) -> str:
    """The distance in words, such as “12 min ago” or “in 3 h”; a date beyond a month."""
    away = timezone.now() - moment
    if abs(away) > timedelta(days=30):
        return date_format(timezone.localtime(moment), "DATE_FORMAT")
    if abs(away) < timedelta(minutes=1):
        return _("just now") if away >= timedelta() else _("in a moment")
    length = length_of(abs(away))
    return _("%(length)s ago") % {"length": length} if away > timedelta() else _("in %(length)s") % {"length": length}


def length_of(span: timedelta) -> str:
    """A span of time in its largest whole unit."""
    seconds = int(span.total_seconds())
    if seconds < HOUR:
        return _("%(n)s min") % {"n": seconds // MINUTE}
    if seconds < DAY:
        return _("%(n)s h") % {"n": seconds // HOUR}
    return ngettext("%(n)s day", "%(n)s days", seconds // DAY) % {"n": seconds // DAY}
