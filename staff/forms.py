"""The form that repairs a dead letter: a person edits its event as JSON until the contracts accept the event."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.deadletters.repair import findings, forgery_in_words, ledger_refusal_in_words, with_new_id
from events.envelope import from_wire
from schemas import strict_json

ROWS = 24


class EventForm(forms.Form):
    """An event as JSON text; `cleaned_data["event"]` holds the bytes to replay."""

    event = forms.CharField(
        label=gettext_lazy("Event (JSON)"),
        max_length=strict_json.MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": ROWS, "class": "code", "spellcheck": "false", "wrap": "off"}),
        help_text=gettext_lazy("The original entry is kept unchanged. Your text is stored next to it, with your name."),
    )
    new_id = forms.BooleanField(
        label=gettext_lazy("Give the event a new id"),
        required=False,
        help_text=gettext_lazy("The event then counts as a new one. Needed when its id was used before."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_event(self) -> bytes:
        """Return the event's bytes. Raises ValidationError with every fault that the contracts find."""
        raw: bytes = self.cleaned_data["event"].replace("\r\n", "\n").encode()
        if faults := findings(raw):
            raise ValidationError([str(fault) for fault in faults])
        return raw

    def clean(self) -> dict[str, Any]:
        """Give the event a new id if that was chosen; add an error if a replay would have no effect."""
        if raw := self.cleaned_data.get("event"):
            if self.cleaned_data["new_id"]:
                self.cleaned_data["event"] = raw = with_new_id(raw)
            self.require_effect(raw)
        return self.cleaned_data

    def require_effect(self, raw: bytes) -> None:
        """Add an error if the event would change nothing or is forged; tick `new_id` if a new id would help."""
        event = from_wire(raw)
        if why := ledger_refusal_in_words(event):
            self.add_error("event", why + " " + _("Give the event a new id, or discard the dead letter."))
            self.data = {**dict(self.data.items()), "new_id": "on"}
        elif why := forgery_in_words(event):
            self.add_error("event", why)
