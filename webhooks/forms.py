"""The form by which a person registers or changes an endpoint."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from webhooks.errors import WebhookError
from webhooks.models import Endpoint
from webhooks.selectors import owner_with_key
from webhooks.services import validated_values


class TypesField(forms.CharField):
    """Event types, separated by spaces, commas or line breaks."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return (value or "").replace(",", " ").split()


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of an endpoint that a person fills in; the services validate them."""

    person: User  # who registers the endpoint; set by the admin page

    types = TypesField(
        label=_("Event types"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "One on each line, such as PROJECT.COMPLETED, or PROJECT.* for all that begin so. Empty: every event."
        ),
    )

    class Meta:
        model = Endpoint
        fields = ["url", "description", "types", "project_id"]

    def clean(self) -> dict[str, Any]:
        """Return the values as they are stored. Raises ValidationError with the message of the service."""
        typed = super().clean() or self.cleaned_data
        if self.errors:
            return typed
        owner = owner_with_key(self.instance) if self.instance.pk else self.person
        try:
            stored = validated_values(owner, url=typed["url"], types=typed["types"], project_id=typed["project_id"])
        except WebhookError as error:
            raise ValidationError(error.message) from error
        return {**typed, **stored}
