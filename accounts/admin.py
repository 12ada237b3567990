"""People, machines and their keys, for administrators."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import keys, scopes
from accounts.models import ApiKey, User

DAYS = 365


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """A person, with how they like to read."""

    list_display = ["username", "get_full_name", "email", "is_staff", "is_service", "is_active"]
    fieldsets = [
        *UserAdmin.fieldsets,  # type: ignore[misc]
        (gettext_lazy("Preferences"), {"fields": ("language", "time_zone")}),
        (gettext_lazy("Machine"), {"fields": ("is_service",)}),
    ]


class NewKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new key is for, and what it may."""

    scopes = forms.CharField(
        label=gettext_lazy("Scopes"),
        help_text=gettext_lazy("Separated by spaces: %(scopes)s.") % {"scopes": scopes.offered()},
    )
    days = forms.IntegerField(
        label=gettext_lazy("Good for so many days"), initial=DAYS, min_value=0, help_text=gettext_lazy("0 for ever.")
    )

    class Meta:
        model = ApiKey
        fields = ["user", "name"]

    def clean_scopes(self) -> list[str]:
        """The scopes, each of which there is."""
        named: list[str] = self.cleaned_data["scopes"].replace(",", " ").split()
        try:
            scopes.require_known(named)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return named


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys: made, rotated and revoked here; a key's text is shown once, after it was made."""

    list_display = [
        "name",
        "prefix",
        "user",
        "spelled_scopes",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    actions = ["rotate_keys", "revoke_keys"]
    readonly_fields = [
        *("user", "name", "prefix", "spelled_scopes"),
        *("created_at", "expires_at", "last_used_at", "revoked_at"),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else NewKeyForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ["user", "name", "scopes", "days"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keys are revoked, and stay on record."""
        return False

    @admin.display(description=gettext_lazy("scopes"))
    def spelled_scopes(self, key: ApiKey) -> str:
        return " ".join(key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Make the key and show it this once."""
        if change:
            return
        said = form.cleaned_data
        lifetime = timedelta(days=said["days"]) if said["days"] else None
        key, text = keys.make(said["user"], name=said["name"], scopes=said["scopes"], lifetime=lifetime)
        obj.pk = key.pk
        self.show(request, key, text)

    @admin.action(
        description=gettext_lazy("Rotate: make a successor; the old key goes on for a day"), permissions=["change"]
    )
    def rotate_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.select_related("user"):
            try:
                self.show(request, *keys.rotate(key))
            except keys.NoSuchKey as error:
                messages.error(request, str(error))

    @admin.action(description=gettext_lazy("Revoke: the key opens nothing any more"), permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            keys.revoke(key)
            messages.success(request, _("%(key)s is revoked.") % {"key": key})

    def show(self, request: HttpRequest, key: ApiKey, text: str) -> None:
        """The key's text, which nobody can look up later."""
        words = _("%(key)s of %(user)s: %(text)s – copy it now, it is not shown again.")
        messages.success(request, words % {"key": key, "user": key.user, "text": text})
