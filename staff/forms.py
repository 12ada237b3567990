"""Mending a dead letter: its event as JSON, replayed once the contracts accept it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.deadletters.repair import findings, forged, refused_by_ledger, with_new_id
from events.envelope import from_wire
from schemas import strict_json

ROWS = 24


class EventForm(forms.Form):
    """An event as JSON text; cleaned, it is the bytes to replay."""

    event = forms.CharField(
        label=gettext_lazy("Event (JSON)"),
        max_length=strict_json.MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": ROWS, "class": "code", "spellcheck": "false", "wrap": "off"}),
        help_text=gettext_lazy("The entry is kept as it came; what you write is kept beside it, with your name."),
    )
    new_id = forms.BooleanField(
        label=gettext_lazy("Give it a new id"),
        required=False,
        help_text=gettext_lazy("It then counts as an event of its own. Needed when its id was used before."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_event(self) -> bytes:
        """The event's bytes. Raises ValidationError with everything that the contracts have against them."""
        raw: bytes = self.cleaned_data["event"].replace("\r\n", "\n").encode()
        if found := findings(raw):
            raise ValidationError([str(finding) for finding in found])
        return raw

    def clean(self) -> dict[str, Any]:
        """The event under the id that was chosen; refused when the ledger would drop it."""
        if raw := self.cleaned_data.get("event"):
            if self.cleaned_data["new_id"]:
                self.cleaned_data["event"] = raw = with_new_id(raw)
            self.require_effect(raw)
        return self.cleaned_data

    def require_effect(self, raw: bytes) -> None:
        """Refuse an event that would change nothing; where a new id helps, the form comes back with it chosen."""
        event = from_wire(raw)
        if why := refused_by_ledger(event):
            self.add_error("event", why + " " + _("Give it a new id, or discard it."))
            self.data = {**dict(self.data.items()), "new_id": "on"}
        elif why := forged(event):
            self.add_error("event", why)
