"""An endpoint as a person types it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from webhooks.errors import WebhookError
from webhooks.models import Endpoint
from webhooks.selectors import viewer
from webhooks.services import checked


class TypesField(forms.CharField):
    """Event types, apart by spaces, commas or lines."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return (value or "").replace(",", " ").split()


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person decides about an endpoint; the services check it."""

    person: User  # who registers it, set by the page

    types = TypesField(
        label=_("Event types"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, such as PROJECT.COMPLETED, or PROJECT.* for all of projects. Leave empty for all."),
    )

    class Meta:
        model = Endpoint
        fields = ["url", "description", "types", "project_id"]

    def clean(self) -> dict[str, Any]:
        """The values as they are stored, or why they cannot be."""
        typed = super().clean() or self.cleaned_data
        if self.errors:
            return typed
        owner = viewer(self.instance) if self.instance.pk else self.person
        try:
            stored = checked(owner, url=typed["url"], types=typed["types"], project_id=typed["project_id"])
        except WebhookError as error:
            raise ValidationError(error.message) from error
        return {**typed, **stored}
