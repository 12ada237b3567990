"""Admin pages of roles and API keys; those of people are in `staff`, since they concern the tables of every room."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit_admin, keys, scopes  # noqa: F401  (registers the audit log)
from accounts.lookups import FewLookups
from accounts.models import ApiKey, User
from accounts.people import signed_in_person
from accounts.rank import AccountHasMoreRights, accounts_to_make_keys_for

DAYS = 365


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(FewLookups, GroupAdmin):
    """The pages of groups and the built-in roles; only superusers may add, change or delete one.

    Roles of organisations are not among them: their page, in `staff`, holds their rules.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).filter(own_role=None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return signed_in_person(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_superuser


class NewKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a new API key: its account, name, scopes, agents and lifetime."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What the key may do"),
        choices=[*scopes.LABELS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agents = forms.CharField(
        label=gettext_lazy("Agents whose work the key may do"),
        required=False,
        help_text=gettext_lazy("For workers: names of agents, separated by spaces, or * for every agent."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until the key expires"),
        initial=DAYS,
        min_value=0,
        help_text=gettext_lazy("0: the key never expires."),
    )

    class Meta:
        model = ApiKey
        fields = ["user", "name"]

    actor: User  # the person who makes the key; set by the admin page

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = accounts_to_make_keys_for(self.actor)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Return the values, with a scope for each agent added to the ticked ones. Raises ValidationError."""
        typed = super().clean() or self.cleaned_data
        agents = typed.get("agents", "").replace(",", " ").split()
        typed["scopes"] = [*typed.get("scopes", []), *(f"work:{agent}" for agent in agents)]
        try:
            scopes.require_known_scopes(typed["scopes"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return typed


@admin.register(ApiKey)
class ApiKeyAdmin(FewLookups):
    """The pages of API keys: make, rotate, revoke. The text of a key is shown only once, when it is made."""

    list_display = ["name", "standing", "prefix", "user", "spelled_scopes", "last_used_at", "expires_at", "created_at"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    actions = ["rotate_keys", "revoke_keys"]
    readonly_fields = [
        *("user", "name", "standing", "prefix", "spelled_scopes"),
        *("created_at", "expires_at", "last_used_at", "revoked_at"),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj:
            return super().get_form(request, obj, change, **kwargs)
        return type("NewKeyForm", (NewKeyForm,), {"actor": signed_in_person(request)})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ["user", "name", "scopes", "agents", "days"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Return the organisation's keys if the person has the permission, otherwise their own keys."""
        all_keys: QuerySet[ApiKey] = super().get_queryset(request)
        return (
            all_keys
            if request.user.has_perm("accounts.view_apikey")
            else all_keys.filter(user=signed_in_person(request))
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return signed_in_person(request).is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return True for staff: the form offers only accounts for which the person may make keys."""
        return signed_in_person(request).is_staff

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_staff

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a key is revoked instead, so that it stays on record."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list page with its own title."""
        return super().changelist_view(request, {"title": _("API keys"), **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the page with one save button: the text of a new key is shown on the list afterwards."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, key: ApiKey) -> SafeString:
        """Return the state of the key as a coloured word: active, expired or revoked."""
        colour, word = ("failed", _("Revoked")) if key.revoked_at else ("cancelled", _("Expired"))
        if key.is_live:
            colour, word = "done", _("Active")
        return format_html('<span class="state state-{}">{}</span>', colour, word)

    @admin.display(description=gettext_lazy("scopes"))
    def spelled_scopes(self, key: ApiKey) -> str:
        return " ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Make the key and show its text, once."""
        if change:
            return
        values = form.cleaned_data
        lifetime = timedelta(days=values["days"]) if values["days"] else None
        arguments = {"name": values["name"], "scopes": values["scopes"], "lifetime": lifetime}
        key, text = keys.make_key(values["user"], **arguments, by=signed_in_person(request))
        obj.pk = key.pk
        self.show_text(request, key, text)

    @admin.action(
        description=gettext_lazy("Rotate: make a new key in its place; the old key works for one more day"),
        permissions=["change"],
    )
    def rotate_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.select_related("user"):
            try:
                self.show_text(request, *keys.rotate_key(key, by=signed_in_person(request)))
            except (keys.NoSuchKey, AccountHasMoreRights) as error:
                messages.error(request, str(error))

    @admin.action(description=gettext_lazy("Revoke: the key stops working at once"), permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.select_related("user"):
            try:
                keys.revoke_key(key, by=signed_in_person(request))
            except AccountHasMoreRights as error:
                messages.error(request, str(error))
            else:
                messages.success(request, _("%(key)s is revoked.") % {"key": key})

    def show_text(self, request: HttpRequest, key: ApiKey, text: str) -> None:
        """Show the text of the key in a message; it is not stored anywhere."""
        words = _("%(key)s of %(user)s: %(text)s – copy it now, it is not shown again.")
        messages.success(request, words % {"key": key, "user": key.user, "text": text})
