"""The forms of the page of people: who somebody is, and the one role that they have."""

from typing import Any, cast

from django import forms
from django.contrib.auth.models import Group
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.granting import own_role_of, role_of
from accounts.models import User
from accounts.passwords.letters import sends_letters
from accounts.rank import groups_within_rights_of, own_roles_within_rights_of, roles_within_rights_of
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, ROLES
from accounts.walls import organisation_of
from people.keeping import DETAILS, Details

# What a person with the role may do, each beside what the role before it may.
ROLE_LABELS = {
    REQUESTER: _("Requester: sends requests, follows their own and answers what is asked about them"),
    ANSWERER: _("Answerer: sees every request, answers and approves; enters the admin"),
    OPERATOR: _("Operator: also steers work items and repairs dead letters"),
    ADMINISTRATOR: _("Administrator: also keeps people, keys, templates and webhooks"),
}
OWN_ROLE = _("a role of this organisation")
NO_ROLE = ("", _("No role: may sign in, and see nothing of others"))


class PersonForm(forms.Form):
    """Name, address, role and groups of an account; offered is only what `actor` may give."""

    username = forms.CharField(label=_("Name to sign in with"), max_length=150)
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("Mail address"), max_length=254, required=False)
    role = forms.ChoiceField(label=_("Role"), required=False, widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(
        label=_("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Questions can be assigned to a group: they wait for each of its members."),
    )

    def __init__(self, data: Any = None, *, actor: User, account: User | None = None) -> None:
        initial = {} if account is None else {name: getattr(account, name) for name in DETAILS}
        super().__init__(data, label_suffix="", initial=initial)
        self.offer_roles(actor, account)
        self.offer_groups(actor, account)

    def offer_roles(self, actor: User, account: User | None) -> None:
        """Offer the roles that the actor may give; nobody changes their own."""
        role: Any = self.fields["role"]
        offered = roles_within_rights_of(actor)
        built_in = [(name, label) for name, label in ROLE_LABELS.items() if name in offered]
        roles = own_roles_within_rights_of(actor, organisation_of(account or actor)).select_related("group")
        own = [(own.group.name, format_lazy("{}: {}", own.title, OWN_ROLE)) for own in roles]
        role.choices = [NO_ROLE, *built_in, *own]
        role.initial = REQUESTER if account is None else role_of(account) or own_role_of(account)
        if account is not None and account.pk == actor.pk:
            role.disabled = True
            role.help_text = _("Another administrator can change your role.")

    def offer_groups(self, actor: User, account: User | None) -> None:
        """Offer the groups beside the roles that the actor may give; without any there is no such field."""
        others = groups_within_rights_of(actor).filter(own_role=None).exclude(name__in=ROLES).order_by("name")
        names = list(others.values_list("name", flat=True))
        if not names:
            del self.fields["groups"]
            return
        groups: Any = self.fields["groups"]
        groups.choices = [(name, name) for name in names]
        groups.initial = list(Group.objects.filter(user=account).values_list("name", flat=True)) if account else []

    @property
    def details(self) -> Details:
        """Return name and address as they were typed."""
        typed = {name: self.cleaned_data[name].strip() for name in DETAILS}
        return cast(Details, typed)

    @property
    def roles(self) -> list[str]:
        """Return the chosen role in a list; an empty list for none."""
        return [self.cleaned_data["role"]] if self.cleaned_data["role"] else []


class NewPersonForm(PersonForm):
    """A new account, of a person or of a machine."""

    is_service = forms.BooleanField(
        label=_("This is a machine"),
        required=False,
        help_text=_("It uses API keys, has no password, and may not approve anything."),
    )
    invite = forms.BooleanField(
        label=_("Mail an invitation"),
        required=False,
        initial=True,
        help_text=_("The person chooses a password by a link in the mail."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sends_letters():
            del self.fields["invite"]

    def clean(self) -> dict[str, Any]:
        """Return the values. Raises ValidationError for an invitation that no mail can carry."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if typed.get("invite") and not typed.get("is_service") and "email" in typed and not typed["email"]:
            self.add_error("email", _("An invitation needs a mail address."))
        return typed
