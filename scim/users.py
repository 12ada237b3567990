"""People as SCIM's resource `User`: what a directory reads and writes of an account."""

import re
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.memberships import end_memberships
from accounts.models import User
from accounts.rank import require_may_manage
from accounts.walls import within_organisation
from people.keeping import Details, change_account, make_account
from people.leaving import activate, deactivate
from scim import urns
from scim.endpoint import location
from scim.errors import ScimError
from scim.filters import parsed_filter, unsupported
from scim.operations import Step, as_text, as_truth, lowered
from signin.group_roles import roles_of_groups

# What SCIM's schemas know of a person and Interlock does not keep: read and left out.
NOT_KEPT = re.compile(
    r"urn:.*|(id|meta|schemas|groups|roles|password|title|nickname|profileurl|usertype|preferredlanguage|locale|timezone"
    r"|phonenumbers|ims|photos|addresses|entitlements|x509certificates"
    r"|name\.(middlename|honorificprefix|honorificsuffix))([.\[].*)?",
    re.DOTALL,
)
# The one mail address that is kept: of those with a type, that of work.
OWN_ADDRESS = re.compile(r'emails(\[(type eq "work"|primary eq true|primary eq "true")\])?(\.value)?')


@dataclass(frozen=True)
class Person:
    """What a directory may say of a person. `shown_name` counts where there is neither a first nor a last name."""

    user_name: str = ""
    first_name: str = ""
    last_name: str = ""
    shown_name: str = ""
    address: str = ""
    external_id: str = ""
    active: bool = True

    @property
    def details(self) -> Details:
        """Return the person's name and address as an account has them."""
        first, last = self.first_name, self.last_name
        if not first and not last:
            first, _space, last = self.shown_name.partition(" ")
        return Details(username=self.user_name, first_name=first, last_name=last, email=self.address)


# -- finding and showing ---------------------------------------------------------------------------
def people_for(user: User) -> QuerySet[User]:
    """Return the people whom the account of a key keeps: those of its organisation, and no machines."""
    return within_organisation(user, User.objects.filter(is_service=False))


def found_people(user: User, text: str) -> QuerySet[User]:
    """Return the people whom the filter finds; all without one. Raises ScimError (invalidFilter)."""
    people = people_for(user)
    for path, value in parsed_filter(text) if text else []:
        people = people.filter(condition(path, value))
    return people


def condition(path: str, value: str) -> Q:
    """Return the condition of one comparison. Raises ScimError (invalidFilter)."""
    if path == "externalid":
        return Q(external_id=value) if value else Q(pk__in=[])
    if path == "id":
        return Q(pk=int(value)) if value.isascii() and value.isdecimal() and len(value) < 19 else Q(pk__in=[])
    if path == "active":
        return Q(is_active=value == "true")
    if path == "username":
        return Q(username__iexact=value)
    if OWN_ADDRESS.fullmatch(path):
        return Q(email__iexact=value)
    raise unsupported(path)


def shown(account: User, request: Request) -> dict[str, Any]:
    """Return the account as a resource, with the groups that are prefetched; what is empty is left out."""
    whole_name = account.get_full_name()
    resource: dict[str, Any] = {
        "schemas": [urns.USER],
        "id": str(account.pk),
        "userName": account.username,
        "name": {
            "givenName": account.first_name,
            "familyName": account.last_name,
            "formatted": whole_name,
        },
        "displayName": whole_name or account.username,
        "active": account.is_active,
        "groups": [
            {"value": str(group.pk), "display": group.name, "$ref": location(request, "scim:group", group.pk)}
            for group in account.groups.all()
        ],
        "meta": {
            "resourceType": "User",
            "created": account.date_joined,
            "location": location(request, "scim:user", account.pk),
        },
    }
    if account.email:
        resource["emails"] = [{"value": account.email, "type": "work", "primary": True}]
    return resource | ({"externalId": account.external_id} if account.external_id else {})


# -- reading ---------------------------------------------------------------------------------------
def person_of(account: User) -> Person:
    """Return what the directory has said of the account so far."""
    return Person(
        user_name=account.username,
        first_name=account.first_name,
        last_name=account.last_name,
        address=account.email,
        external_id=account.external_id,
        active=account.is_active,
    )


def read_person(body: dict[str, Any], *, active: bool = True) -> Person:
    """Return the person of a complete resource; `active` is what counts where it is not said. Raises ScimError."""
    person = Person(active=active)
    for name, value in lowered(body).items():
        person = changed(person, Step("replace", name, value))
    if not person.user_name:
        raise ScimError(_("A person needs a “userName”."), kind="invalidValue")
    return person


def changed(person: Person, step: Step) -> Person:
    """Return the person after one step of a PATCH. Raises ScimError."""
    verb, path, value = step
    value = None if verb == "remove" else value
    if path == "active":
        return replace(person, active=as_truth(value, "active"))
    if path == "name":
        return with_name(person, value)
    if OWN_ADDRESS.fullmatch(path):
        return replace(person, address=address_in(value))
    if field := FIELDS.get(path):
        return replace(person, **{field: as_text(value, path)})  # type: ignore[arg-type]
    if NOT_KEPT.fullmatch(path) or path.startswith("emails["):
        return person
    raise ScimError(_("A person has no “%(path)s”.") % {"path": path[:100]}, kind="invalidPath")


FIELDS = {
    "username": "user_name",
    "externalid": "external_id",
    "displayname": "shown_name",
    "name.givenname": "first_name",
    "name.familyname": "last_name",
    "name.formatted": "shown_name",
}


def with_name(person: Person, value: Any) -> Person:
    """Return the person with the parts of the name that the object has; without one they are removed."""
    if value is None:
        return replace(person, first_name="", last_name="", shown_name="")
    if not isinstance(value, dict):
        raise ScimError(_("“name” has to be an object."), kind="invalidValue")
    for part, text in lowered(value).items():
        person = changed(person, Step("replace", f"name.{part}", text))
    return person


def address_in(value: Any) -> str:
    """Return the address of a text, of an object, or of a list of them: the primary one, that of work, or the first."""
    if isinstance(value, list):
        entries = [lowered(entry) for entry in value if isinstance(entry, dict)]
        entries.sort(key=lambda entry: (entry.get("primary") is not True, entry.get("type") != "work"))
        value = entries[0] if entries else None
    if isinstance(value, dict):
        value = lowered(value).get("value")
    return as_text(value, "emails", longest=254)


# -- writing ---------------------------------------------------------------------------------------
def make_person(person: Person, *, by: User) -> User:
    """Make an account for the person, with the roles that everybody has. Raises ValidationError, AccountRefused."""
    account = make_account(person.details, roles=roles_of_groups((), role_mapping()), by=by)
    write_external_id(account, person.external_id, by=by)
    if not person.active:
        deactivate(account, by=by)
    return account


def write_person(account: User, person: Person, *, by: User) -> None:
    """Change the account to what the directory says now. Raises ValidationError or AccountRefused."""
    change_account(account, person.details, by=by)
    write_external_id(account, person.external_id, by=by)
    if account.is_active and not person.active:
        deactivate(account, by=by)
    if person.active and not account.is_active:
        activate(account, by=by)


def write_external_id(account: User, external_id: str, *, by: User) -> None:
    """Store what the directory calls the account. Raises ValidationError if another account is called so.

    It ends memberships: by that name the single sign-on finds whose account it is.
    """
    if account.external_id == external_id:
        return
    require_may_manage(by, account)
    if external_id and people_for(by).filter(external_id=external_id).exclude(pk=account.pk).exists():
        raise ValidationError(_("Another account has this externalId."), code="unique")
    account.external_id = external_id
    account.save(update_fields=["external_id"])
    end_memberships(account)


def role_mapping() -> tuple[tuple[str, str], ...]:
    """Return the (group, role) pairs of OIDC_ROLES; none where there is no single sign-on."""
    sso = settings.SIGN_IN.sso
    return sso.roles if sso else ()
