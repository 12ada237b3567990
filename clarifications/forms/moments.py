"""Moments in forms: each carries the zone in which it was shown, so that it is read in that zone and in no other.

A page may be shown before the browser's time zone is known, and sent when it is.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.preferences import known_zones

# What the name of the hidden input ends with.
SHOWN = "__shown"
SHOWN_AS = "%Y-%m-%dT%H:%M:%S"
LONGEST = 100


class MomentInput(forms.DateTimeInput):
    """The browser's own picker, and hidden beside it the zone and the moment that were shown."""

    supports_microseconds = True  # they are not shown, and not lost

    def __init__(self) -> None:
        super().__init__(format=SHOWN_AS, attrs={"type": "datetime-local", "step": "1"})

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The two inputs. A form that comes back keeps the zone that it was first shown in."""
        typed, hidden = value if isinstance(value, tuple) else (local(value), beside(value))
        picker = super().render(name, typed, attrs, renderer)
        return format_html('{}<input type="hidden" name="{}" value="{}">', picker, f"{name}{SHOWN}", hidden)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed, and what was hidden beside it."""
        typed = super().value_from_datadict(data, files, name)
        return (typed, str(data.get(f"{name}{SHOWN}", ""))[:LONGEST]) if typed else typed


class MomentField(forms.DateTimeField):
    """A moment with its offset. An untouched one is the moment that was shown, to the second."""

    widget = MomentInput

    def prepare_value(self, value: Any) -> Any:
        """The moment with its zone: the picker shows it in the zone of the page."""
        return value

    def to_python(self, value: Any) -> datetime | None:
        """The moment, read in the zone in which it was shown. Raises ValidationError."""
        if not isinstance(value, tuple):
            return super().to_python(value)
        typed, hidden = value
        zone, shown = zone_in(hidden), moment_in(hidden)
        if shown is not None and is_untouched(shown.astimezone(zone).strftime(SHOWN_AS), str(typed)):
            return shown
        with timezone.override(zone):
            return super().to_python(typed)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return True if another moment was entered."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


def is_untouched(shown: str, typed: str) -> bool:
    """Return True if the browser sent what it was shown; it leaves out seconds that are zero."""
    return typed == shown or f"{typed}:00" == shown


def local(value: Any) -> Any:
    """The moment as the picker shows it, in the zone of the page."""
    return timezone.localtime(value).strftime(SHOWN_AS) if isinstance(value, datetime) else value


def beside(value: Any) -> str:
    """The zone of the page, and the moment that it shows."""
    shown = value.isoformat() if isinstance(value, datetime) else ""
    return f"{timezone.get_current_timezone_name()} {shown}".strip()


def zone_in(hidden: str) -> ZoneInfo:
    """The zone in which the page showed its moments; the page's own where that is not said or not known."""
    name = hidden.partition(" ")[0]
    return ZoneInfo(name if name in known_zones() else timezone.get_current_timezone_name())


def moment_in(hidden: str) -> datetime | None:
    """The moment that the page showed, if it showed one."""
    try:
        shown = datetime.fromisoformat(hidden.partition(" ")[2])
    except ValueError:
        return None
    return shown if shown.tzinfo else None
