"""The admin pages of people: name, address, one role, how they come in, and what happens when they leave.

Nothing is decided here: `people` has the rules, and every other door calls it too.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.granting import role_of, set_other_groups, set_roles
from accounts.models import OrganisationRole, User
from accounts.organisation_roles import title_of
from accounts.passwords.letters import CannotInvite, sends_letters
from accounts.people import signed_in_person
from accounts.rank import AccountRefused, has_rights_beyond
from accounts.second_factors import reset_second_factor
from accounts.sessions import sign_out_everywhere
from accounts.walls import within_organisation
from pages.admin_pages import DetailAdmin, act_on_each_with_reason
from pages.presentation import ago, state_word
from people import keeping, leaving
from privacy.erasing import ErasureRefused, erase_person
from staff import absences
from staff.person_form import NewPersonForm, PersonForm

REFUSALS = (AccountRefused, CannotInvite)
ROLE_WORDS = {
    "requester": gettext_lazy("Requester"),
    "answerer": gettext_lazy("Answerer"),
    "operator": gettext_lazy("Operator"),
    "administrator": gettext_lazy("Administrator"),
}


class RoleFilter(admin.SimpleListFilter):
    """A filter by role; who has several is found by each."""

    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        own = within_organisation(signed_in_person(request), OrganisationRole.objects.select_related("group"))
        titles = [(role.group.name, role.title) for role in own]
        return [*ROLE_WORDS.items(), *titles, ("none", gettext_lazy("No role"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "none":
            return queryset.exclude(groups__name__in=ROLE_WORDS).exclude(groups__own_role__isnull=False)
        is_known = self.value() in {name for name, _title in self.lookup_choices}
        return queryset.filter(groups__name=self.value()) if is_known else queryset


@admin.register(User)
class PersonAdmin(DetailAdmin):
    """The list and the pages of accounts: people and machines. An account is never deleted: it is deactivated."""

    detail_template = "admin/accounts/user/detail.html"
    list_display = ["username", "full_name", "email", "role", "standing", "second_factor", "signed_in"]
    list_filter = [RoleFilter, "is_active", "is_service"]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = gettext_lazy("A part of the name or of the mail address.")
    whole_ids = ()
    ordering = ["username"]
    actions = ["invite_people", "sign_people_out", "reset_second_factors", "erase_people"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the accounts of the person's organisation, with their roles."""
        groups = Prefetch("groups", Group.objects.select_related("own_role"))
        return within_organisation(signed_in_person(request), User.objects.all()).prefetch_related(groups)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    # -- columns -----------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("name"))
    def full_name(self, account: User) -> str:
        return account.get_full_name() or "–"

    @admin.display(description=gettext_lazy("role"))
    def role(self, account: User) -> str:
        if account.is_superuser:
            return _("Superuser")
        own = sorted(title_of(group) for group in account.groups.all() if hasattr(group, "own_role"))
        built_in = ROLE_WORDS.get(role_of(account))
        return ", ".join([*([str(built_in)] if built_in else []), *own]) or "–"

    @admin.display(description=gettext_lazy("state"), ordering="is_active")
    def standing(self, account: User) -> SafeString:
        if not account.is_active:
            return state_word("cancelled", _("Deactivated"))
        return state_word("done", _("Machine") if account.is_service else _("Active"))

    @admin.display(description=gettext_lazy("second factor"), ordering="has_second_factor")
    def second_factor(self, account: User) -> str:
        return _("yes") if account.has_second_factor else "–"

    @admin.display(description=gettext_lazy("last sign-in"), ordering="last_login")
    def signed_in(self, account: User) -> SafeString:
        return ago(account.last_login)

    # -- a new account -----------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the page of a new account; a POST makes it. Raises PermissionDenied without the permission."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        actor = signed_in_person(request)
        form = NewPersonForm(request.POST if request.method == "POST" else None, actor=actor)
        if form.is_valid() and self.accepts(form, partial(make, form, by=actor)):
            made = User.objects.get(username=form.details["username"])
            self.message_user(request, _("%(account)s has an account.") % {"account": made}, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[made.pk]))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Add a person")}
        return TemplateResponse(request, "admin/accounts/user/new.html", {**context, "form": form})

    def accepts(self, form: PersonForm, act: Callable[[], None]) -> bool:
        """Call `act`; return False, with the reason in the form, if it is refused. Then nothing changed."""
        try:
            act()
        except ValidationError as error:
            form.add_error(None, error)
        except REFUSALS as error:
            form.add_error(None, str(error))
        return not form.errors

    # -- a person's page ---------------------------------------------------------------------------
    def detail(self, request: HttpRequest, obj: User) -> dict[str, Any]:
        """Return the form, how the person comes in, and what would go on to others if they left."""
        actor = signed_in_person(request)
        is_above = has_rights_beyond(obj, actor)
        may_act = self.has_act_permission(request) and not is_above
        return {
            "title": obj.get_full_name() or obj.get_username(),
            "may_act": may_act,
            "is_above": is_above,
            "is_oneself": obj.pk == actor.pk,
            "role": self.role(obj),
            "standing": self.standing(obj),
            "has_password": obj.has_usable_password(),
            "comes_from_elsewhere": obj.home_id not in (None, obj.pk),
            "can_be_mailed": bool(obj.email) and sends_letters(),
            "form": PersonForm(actor=actor, account=obj) if may_act else None,
            "holdings": leaving.holdings_of(obj) if may_act and obj.is_active else None,
            **(absences.absence_context(obj) if may_act else {}),
        }

    def act(self, request: HttpRequest, obj: User) -> HttpResponse:
        """Do what the pressed button says, or save the form."""
        actor = signed_in_person(request)
        if "save" in request.POST:
            return self.save(request, obj, PersonForm(request.POST, actor=actor, account=obj))
        if absences.AWAY in request.POST or absences.BACK in request.POST:
            return self.change_absence(request, obj)
        act = next((button for name, button in BUTTONS.items() if name in request.POST), None)
        if act is None:
            raise PermissionDenied
        try:
            words = act(obj, actor)
        except REFUSALS as error:
            self.message_user(request, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR)
        else:
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[obj.pk]))

    def change_absence(self, request: HttpRequest, obj: User) -> HttpResponse:
        """Say for the person when they are away, or end that; return the page with what is wrong if it is refused."""
        try:
            refused = absences.change_absence(request, obj)
        except AccountRefused as error:
            self.message_user(request, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR)
        else:
            if refused is not None:
                return self.page(request, obj, absence_form=refused)
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[obj.pk]))

    def save(self, request: HttpRequest, obj: User, form: PersonForm) -> HttpResponse:
        """Save name, address, role and groups, or return the page with what is wrong."""
        if form.is_valid() and self.accepts(form, partial(change, obj, form, by=signed_in_person(request))):
            self.message_user(request, _("Saved."), messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[obj.pk]))
        return self.page(request, User.objects.get(pk=obj.pk), form=form)

    # -- actions of the list -----------------------------------------------------------------------
    @admin.action(
        description=gettext_lazy("Invite: mail a link on which the person chooses a password"), permissions=["act"]
    )
    def invite_people(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.act_on_people(request, queryset, invite)

    @admin.action(description=gettext_lazy("Sign out everywhere: end every session"), permissions=["act"])
    def sign_people_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.act_on_people(request, queryset, sign_out)

    @admin.action(description=gettext_lazy("Take the second factor away, if it is lost"), permissions=["act"])
    def reset_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.act_on_people(request, queryset, reset_factor)

    def act_on_people(self, request: HttpRequest, chosen: QuerySet[User], act: Callable[[User, User], str]) -> None:
        """Call `act` on each chosen account, and show what it says or why it is refused."""
        for account in chosen:
            try:
                messages.success(request, act(account, signed_in_person(request)))
            except REFUSALS as error:
                messages.error(request, str(error))

    @admin.action(
        description=gettext_lazy("Erase: names and addresses are deleted everywhere, for good"), permissions=["act"]
    )
    def erase_people(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        def act(person: User, reason: str) -> None:
            erase(person, by=signed_in_person(request), reason=reason)

        return act_on_each_with_reason(self, request, queryset, act, name="erase_people", done=_("Erased"))


# -- what the buttons and the actions do, each with the words that say so -----------------------------
def make(form: NewPersonForm, *, by: User) -> None:
    """Make the account as it was typed, and invite its person if that was ticked, all or nothing."""
    typed = form.cleaned_data
    with transaction.atomic():
        made = keeping.make_account(form.details, roles=form.roles, by=by, is_service=typed["is_service"])
        set_other_groups(made, typed.get("groups", []), by=by)
        if typed.get("invite") and not made.is_service:
            keeping.invite_account(made, by=by)


def change(account: User, form: PersonForm, *, by: User) -> None:
    """Change name, address, role and groups as they were typed, all or nothing."""
    with transaction.atomic():
        keeping.change_account(account, form.details, by=by)
        if "role" in form.changed_data:
            set_roles(account, form.roles, by=by)
        if "groups" in form.cleaned_data:
            set_other_groups(account, form.cleaned_data["groups"], by=by)


def invite(account: User, by: User) -> str:
    keeping.invite_account(account, by=by)
    return _("%(account)s is invited.") % {"account": account}


def mail_new_password(account: User, by: User) -> str:
    keeping.mail_new_password(account, by=by)
    return _("%(account)s gets a mail with a link to a new password.") % {"account": account}


def give_temporary_password(account: User, by: User) -> str:
    password = keeping.give_temporary_password(account, by=by)
    words = _("Temporary password of %(account)s: %(password)s – copy it now, it is not shown again.")
    return words % {"account": account, "password": password}


def sign_out(account: User, by: User) -> str:
    sign_out_everywhere(account, by=by)
    return _("%(account)s is signed out everywhere.") % {"account": account}


def reset_factor(account: User, by: User) -> str:
    was_there = reset_second_factor(account, by=by)
    words = _("%(account)s has no second factor any more.") if was_there else _("%(account)s had none.")
    return words % {"account": account}


def deactivate(account: User, by: User) -> str:
    leaving.deactivate(account, by=by)
    return _("%(account)s is deactivated, and what was held has gone on.") % {"account": account}


def activate(account: User, by: User) -> str:
    leaving.activate(account, by=by)
    return _("%(account)s may sign in again.") % {"account": account}


def erase(person: User, *, by: User, reason: str) -> None:
    """Erase the person. Raises ErasureRefused, also for a person with rights that `by` lacks."""
    try:
        deque(erase_person(person, by=by, reason=reason), maxlen=0)
    except AccountRefused as error:
        raise ErasureRefused(str(error)) from error


BUTTONS: dict[str, Callable[[User, User], str]] = {
    "invite": invite,
    "mail_new_password": mail_new_password,
    "temporary_password": give_temporary_password,
    "sign_out": sign_out,
    "reset_second_factor": reset_factor,
    "deactivate": deactivate,
    "activate": activate,
}
