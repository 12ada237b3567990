"""The admin pages of organisations, for superusers: add one, give one another name, say how much it may use."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.lookups import FewLookups
from accounts.organisations import Organisation
from accounts.people import signed_in_person
from accounts.quotas import NAMES, Limits, Quota
from backlog.organisations import OrganisationRefused, make_organisation, require_free_name
from backlog.quotas import set_quota


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name of an organisation, and its quota; an empty limit is none."""

    projects_a_month = forms.IntegerField(label=_("Projects a month"), min_value=0, required=False)
    bytes_stored = forms.IntegerField(label=_("Bytes of stored rows"), min_value=0, required=False)
    calls_a_minute = forms.IntegerField(label=_("REST calls a minute"), min_value=0, required=False)
    open_connections = forms.IntegerField(
        label=_("Open streams and live pages"), min_value=0, required=False, help_text=_("In each web process.")
    )

    class Meta:
        model = Organisation
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quota = Quota.objects.filter(organisation=self.instance.pk).first()
        for name in NAMES:
            self.fields[name].initial = getattr(quota, name, None)
        if quota is not None:
            used = _("%(used)s used.")
            self.fields["projects_a_month"].help_text = used % {"used": quota.projects_used}
            self.fields["bytes_stored"].help_text = used % {"used": quota.bytes_used}

    @property
    def limits(self) -> Limits:
        """Return the limits as they were typed."""
        return Limits(**{name: self.cleaned_data[name] for name in NAMES})

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
    fields = ["name", *NAMES]
    search_fields = ["name", "slug"]

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Make a new organisation with its templates, or store another name; and its quota."""
        if change:
            obj.save(update_fields=["name"])
        else:
            obj.pk = make_organisation(obj.name).pk
        set_quota(obj, form.limits)

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
