"""Form fields for a date and time. Each is read in the time zone in which it was shown.

The zone travels with the form in a hidden input, since a page may be shown before the browser's time zone is known
and sent after it is known.
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

# The suffix of the hidden input's name; its value is the zone's name and the moment that was shown.
SHOWN_SUFFIX = "__shown"
SHOWN_AS = "%Y-%m-%dT%H:%M:%S"
# In characters: the hidden value is cut to this length.
LONGEST = 100


class MomentInput(forms.DateTimeInput):
    """The browser's picker for date and time, and a hidden input with the zone and the moment that were shown."""

    supports_microseconds = True  # the picker does not show them, but an unchanged value keeps them

    def __init__(self) -> None:
        super().__init__(format=SHOWN_AS, attrs={"type": "datetime-local", "step": "1"})

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the HTML of both inputs; a form that is shown again keeps its first zone."""
        typed, hidden = value if isinstance(value, tuple) else (local_text(value), zone_and_moment(value))
        picker = super().render(name, typed, attrs, renderer)
        return format_html('{}<input type="hidden" name="{}" value="{}">', picker, f"{name}{SHOWN_SUFFIX}", hidden)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return (typed text, hidden text), or the empty text if nothing was typed."""
        typed = super().value_from_datadict(data, files, name)
        return (typed, str(data.get(f"{name}{SHOWN_SUFFIX}", ""))[:LONGEST]) if typed else typed


class MomentField(forms.DateTimeField):
    """A date and time with its zone. If it was not changed in the picker, the exact moment that was shown is kept."""

    widget = MomentInput

    def prepare_value(self, value: Any) -> Any:
        """Return the moment with its zone; the picker converts it to the zone of the page."""
        return value

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment, read in the zone in which it was shown. Raises ValidationError."""
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
    """Return True if the browser sent back what was shown; browsers leave out seconds that are zero."""
    return typed == shown or f"{typed}:00" == shown


def local_text(value: Any) -> Any:
    """Return the moment as text for the picker, in the zone of the page; any other value unchanged."""
    return timezone.localtime(value).strftime(SHOWN_AS) if isinstance(value, datetime) else value


def zone_and_moment(value: Any) -> str:
    """Return the text for the hidden input: the page's zone and, if there is one, the moment that is shown."""
    shown = value.isoformat() if isinstance(value, datetime) else ""
    return f"{timezone.get_current_timezone_name()} {shown}".strip()


def zone_in(hidden: str) -> ZoneInfo:
    """Return the zone in the hidden text, or the current zone if the text has none or an unknown one."""
    name = hidden.partition(" ")[0]
    return ZoneInfo(name if name in known_zones() else timezone.get_current_timezone_name())


def moment_in(hidden: str) -> datetime | None:
    """Return the moment in the hidden text, or None."""
    try:
        shown = datetime.fromisoformat(hidden.partition(" ")[2])
    except ValueError:
        return None
    return shown if shown.tzinfo else None
