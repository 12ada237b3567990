"""The admin pages of the roles that an organisation defines: a list, and the matrix of what each role may do.

Nothing is decided here: `accounts/role_editing.py` and `backlog/role_use.py` have the rules.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrganisationRole, User
from accounts.organisation_roles import LONGEST_TITLE
from accounts.people import signed_in_person
from accounts.rank import AccountRefused
from accounts.rights import KINDS, OFFERED
from accounts.role_editing import (
    RoleRefused,
    change_role,
    holders_of,
    make_role,
    names_in_words,
    rights_of_role,
)
from accounts.roles import REQUEST_PERMISSIONS, ROLES
from backlog.role_use import delete_unnamed_role
from pages.admin_pages import DetailAdmin
from staff.people import ROLE_WORDS

REFUSALS = (RoleRefused, AccountRefused)
LIST = "admin:accounts_organisationrole_changelist"


class RoleForm(forms.Form):
    """The name of a role and its rights; the page shows these as a column of the matrix."""

    title = forms.CharField(label=gettext_lazy("Name of the role"), max_length=LONGEST_TITLE)
    rights = forms.MultipleChoiceField(choices=[*OFFERED.items()], required=False)

    def __init__(self, data: Any = None, *, role: OrganisationRole | None = None) -> None:
        initial = {"title": role.title, "rights": sorted(rights_of_role(role))} if role else {"rights": []}
        super().__init__(data, label_suffix="", initial=initial)

    @property
    def chosen(self) -> list[str]:
        """Return the rights that are ticked: those that were posted, else those that the role has."""
        return list(self["rights"].value() or [])


@dataclass(frozen=True)
class Line:
    """One right in the matrix: whether the role has it, whether the person may set it, which built-in roles have it."""

    right: str
    words: Any
    is_ticked: bool
    may_set: bool
    built_in: list[bool]


def matrix(chosen: Collection[str], person: User, *, may_edit: bool) -> list[tuple[Any, list[Line]]]:
    """Return (kind of thing, lines) of every right that a role may have."""
    return [
        (
            kind,
            [
                Line(
                    right,
                    words,
                    is_ticked=right in chosen,
                    may_set=may_edit and person.has_perm(right),
                    built_in=[right in has for has in ROLES.values()],
                )
                for right, words in rights.items()
            ],
        )
        for kind, rights in KINDS
    ]


@admin.register(OrganisationRole)
class OrganisationRoleAdmin(DetailAdmin):
    """The list of an organisation's own roles, and the page of each."""

    detail_template = "admin/accounts/organisationrole/detail.html"
    list_display = ["title", "short_name", "people"]
    whole_ids = ()
    nothing_yet = gettext_lazy(
        "This organisation has no roles of its own yet. People have one of the built-in roles: requester, answerer, "
        "operator, administrator."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrganisationRole]:
        """Return the roles of the person's organisation, with how many accounts have each."""
        found: QuerySet[OrganisationRole] = super().get_queryset(request)
        return found.select_related("group", "organisation").annotate(holders=Count("group__user"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_act_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_act_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_act_permission(request)

    @admin.display(description=gettext_lazy("short name"), ordering="group__name")
    def short_name(self, role: OrganisationRole) -> str:
        return role.group.name

    @admin.display(description=gettext_lazy("people"), ordering="holders")
    def people(self, role: Any) -> int:
        count: int = role.holders
        return count

    # -- pages -------------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the page of a new role; a POST makes it. Raises PermissionDenied without the permission."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        person = signed_in_person(request)
        form = RoleForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and accepts(form, lambda typed: make_role(**typed, by=person)):
            return self.back(request, _("“%(role)s” is a role now.") % {"role": form.cleaned_data["title"]})
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Add a role")}
        context |= matrix_context(form, person, may_edit=True)
        return TemplateResponse(request, self.detail_template, context)

    def detail(self, request: HttpRequest, obj: OrganisationRole) -> dict[str, Any]:
        """Return the matrix, who has the role, and why the person may not change it, if so."""
        person, holders = signed_in_person(request), holders_of(obj)
        form = RoleForm(role=obj)
        is_above = not all(map(person.has_perm, form.chosen))
        is_own = person in holders
        return {
            "is_above": is_above,
            "is_own": is_own,
            "holders": names_in_words(holders),
            **matrix_context(form, person, may_edit=not is_above and not is_own),
        }

    def act(self, request: HttpRequest, obj: OrganisationRole) -> HttpResponse:
        """Delete the role if that was pressed, else save it, or return the page with what is wrong."""
        person = signed_in_person(request)
        if "delete" in request.POST:
            try:
                delete_unnamed_role(obj, by=person)
            except REFUSALS as error:
                self.message_user(request, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR)
                return HttpResponseRedirect(request.path)
            return self.back(request, _("“%(role)s” is deleted.") % {"role": obj.title})
        form = RoleForm(request.POST, role=obj)
        if form.is_valid() and accepts(form, lambda typed: change_role(obj, **typed, by=person)):
            self.message_user(request, _("Saved."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        return self.page(request, obj, **matrix_context(form, person, may_edit=True))

    def back(self, request: HttpRequest, words: str) -> HttpResponse:
        """Return the way to the list, which shows the words."""
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse(LIST))


def accepts(form: RoleForm, act: Callable[[Any], object]) -> bool:
    """Call `act` with title and rights as they were typed; return False, with the reason in the form, if refused."""
    try:
        act({"title": form.cleaned_data["title"], "rights": form.cleaned_data["rights"]})
    except REFUSALS as error:
        form.add_error(None, str(error))
    return not form.errors


def matrix_context(form: RoleForm, person: User, *, may_edit: bool) -> dict[str, Any]:
    """Return what the template of the matrix needs."""
    chosen = form.chosen
    return {
        "form": form,
        "may_edit": may_edit,
        "kinds": matrix(chosen, person, may_edit=may_edit),
        "columns": [ROLE_WORDS[role] for role in ROLES],
        "lets_in": bool(set(chosen) - set(REQUEST_PERMISSIONS)),
    }
