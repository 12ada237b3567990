"""The admin pages of organisations, for superusers: add one, give one another name."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.lookups import FewLookups
from accounts.organisations import Organisation
from accounts.people import signed_in_person
from backlog.organisations import OrganisationRefused, make_organisation, require_free_name


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name of an organisation."""

    class Meta:
        model = Organisation
        fields = ["name"]

    def clean_name(self) -> str:
        """Return the name. Raises ValidationError unless a new organisation can be called so."""
        name: str = self.cleaned_data["name"]
        try:
            if self.instance.pk is None:
                require_free_name(name)
        except OrganisationRefused as error:
            raise forms.ValidationError(str(error)) from error
        return name


@admin.register(Organisation)
class OrganisationAdmin(FewLookups):
    """The list and the pages of organisations. None is deleted: projects and records belong to it for good."""

    form = OrganisationForm
    list_display = ["name", "slug", "created_at"]
    fields = ["name"]
    search_fields = ["name", "slug"]

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Make a new organisation with its templates, or store another name."""
        if change:
            obj.save(update_fields=["name"])
        else:
            obj.pk = make_organisation(obj.name).pk

    def has_module_permission(self, request: HttpRequest) -> bool:
        return signed_in_person(request).is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return signed_in_person(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return signed_in_person(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
