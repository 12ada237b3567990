"""The admin pages of producers: add one, look at what it may say, revoke its key."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lookups import FewLookups
from accounts.people import signed_in_person
from accounts.walls import sees_installation
from events.models import Producer
from events.producer_keys import (
    UnacceptableProducer,
    acceptable_key,
    make_producer,
    revoke_producer,
    types_that_come_in,
)


class NewProducerForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a new producer. Without a pasted public key a new key is made, and its private half shown once."""

    types = forms.MultipleChoiceField(label=gettext_lazy("Event types that it may say"))
    agents = forms.CharField(
        label=gettext_lazy("Agents for which it may speak"),
        required=False,
        help_text=gettext_lazy("For workers: names of agents, separated by spaces, or * for every agent."),
    )
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Ed25519, as PEM or as its 32 bytes in base64. Empty: a new key is made, and shown once."
        ),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until the key expires"),
        initial=0,
        min_value=0,
        max_value=36500,
        help_text=gettext_lazy("0: the key never expires."),
    )

    class Meta:
        model = Producer
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["types"].choices = [(name, name) for name in types_that_come_in()]  # type: ignore[attr-defined]

    def clean_public_key(self) -> str:
        """Return the pasted key. Raises ValidationError unless it is a public key that is not known yet."""
        pasted: str = self.cleaned_data["public_key"]
        try:
            return acceptable_key(pasted) if pasted else ""
        except UnacceptableProducer as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Producer)
class ProducerAdmin(FewLookups):
    """The pages of producers: add, revoke. A key is not changed and not deleted: it stays as the record of itself."""

    list_display = ["name", "standing", "kid", "spelled_types", "spelled_agents", "expires_at", "made_at"]
    search_fields = ["name", "kid"]
    actions = ["revoke_keys"]
    readonly_fields = [
        *("name", "standing", "kid", "public_key", "spelled_types", "spelled_agents"),
        *("made_by", "made_at", "expires_at", "revoked_at"),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else NewProducerForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ["name", "types", "agents", "public_key", "days"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return True with the permission, where a producer, who speaks for every organisation, speaks for one only."""
        return super().has_add_permission(request) and sees_installation(signed_in_person(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a key is revoked instead, so that it stays on record."""
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the page with one save button: a new private key is shown on the list afterwards."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Producer, form: Any, change: bool) -> None:
        """Make the producer, and show a new private key, once."""
        if change:
            return
        typed = form.cleaned_data
        given = {name: typed[name] for name in ("name", "types", "public_key", "days")}
        agents = typed["agents"].replace(",", " ").split()
        producer, private_key = make_producer(**given, agents=agents, by=signed_in_person(request).get_username())
        obj.pk = producer.pk
        if private_key:
            words = _("Private key of %(producer)s: %(key)s – copy it now, it is not shown again.")
            messages.success(request, words % {"producer": producer, "key": private_key})

    @admin.display(description=gettext_lazy("state"))
    def standing(self, producer: Producer) -> SafeString:
        """Return the state of the key as a coloured word: active, expired or revoked."""
        colour, word = "done", _("Active")
        if producer.expires_at is not None and producer.expires_at <= timezone.now():
            colour, word = "cancelled", _("Expired")
        if producer.revoked_at is not None:
            colour, word = "failed", _("Revoked")
        return format_html('<span class="state state-{}">{}</span>', colour, word)

    @admin.display(description=gettext_lazy("event types"))
    def spelled_types(self, producer: Producer) -> str:
        return ", ".join(producer.types)

    @admin.display(description=gettext_lazy("agents"))
    def spelled_agents(self, producer: Producer) -> str:
        return ", ".join(producer.agents)

    @admin.action(
        description=gettext_lazy("Revoke: what the key signed is refused from now on"), permissions=["change"]
    )
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[Producer]) -> None:
        for producer in queryset:
            revoke_producer(producer)
            messages.success(request, _("%(key)s is revoked.") % {"key": producer})
