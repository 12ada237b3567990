"""Groups as SCIM's resource `Group`: a group here is one of Django's, and a role is a group.

Where OIDC_ROLES maps groups to roles, the members of a mapped group have its role, as after a sign-in, and the roles
themselves cannot be kept by the directory: the same person would have two sources of one role. Without it a directory
keeps the members of the roles by their names: requester, answerer, operator, administrator.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.granting import GroupChange, change_groups_of_many, names_held
from accounts.models import User
from accounts.organisation_roles import BETWEEN, is_role, own_role_names
from accounts.rank import AccountHasMoreRights
from accounts.roles import ROLES
from accounts.walls import organisation_of, within_organisation
from scim import urns
from scim.endpoint import location
from scim.errors import ScimError
from scim.filters import parsed_filter, unsupported
from scim.operations import Step, as_text
from scim.users import people_for, role_mapping
from signin.group_roles import roles_of_groups

LONGEST_NAME, MOST_MEMBERS = 150, 1000
IGNORED = {"schemas", "id", "meta", "externalid"}


# -- finding and showing ---------------------------------------------------------------------------
def found_groups(user: User, text: str) -> QuerySet[Group]:
    """Return the groups that the filter finds; all without one. Raises ScimError (invalidFilter)."""
    groups = within_organisation(user, Group.objects.select_related("own_role"))
    for path, value in parsed_filter(text) if text else []:
        number = int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else 0
        if path == "displayname":
            groups = groups.filter(name__iexact=value)
        elif path == "id":
            groups = groups.filter(pk=number)
        elif path in ("members", "members.value"):
            groups = groups.filter(Q(user__in=people_for(user).filter(pk=number)))
        elif path == "externalid":
            groups = groups.none()  # what a directory calls a group is not kept: its name is unique
        else:
            raise unsupported(path)
    return groups


def with_members(groups: QuerySet[Group], user: User) -> QuerySet[Group]:
    """Return the groups with `members`: those whom the account of the key may see."""
    return groups.prefetch_related(Prefetch("user_set", people_for(user).order_by("pk"), to_attr="members"))


def shown(group: Any, request: Request) -> dict[str, Any]:
    """Return the group as a resource; with its members if they are loaded."""
    resource = {
        "schemas": [urns.GROUP],
        "id": str(group.pk),
        "displayName": group.name,
        "meta": {"resourceType": "Group", "location": location(request, "scim:group", group.pk)},
    }
    if hasattr(group, "members"):
        resource["members"] = [
            {"value": str(member.pk), "display": member.username, "$ref": location(request, "scim:user", member.pk)}
            for member in group.members
        ]
    return resource


# -- writing ---------------------------------------------------------------------------------------
def make_group(name: str, members: Collection[int], *, by: User) -> Group:
    """Make a group, which gives no right of its own, with these members. Raises ScimError, AccountRefused."""
    group = Group.objects.create(name=require_free_name(name))
    add_members(group, members, by=by)
    return group


def replace_group(group: Group, name: str, members: Collection[int], *, by: User) -> None:
    """Give the group this name and exactly these members of the organisation. Raises ScimError, AccountRefused."""
    rename_group(group, name, by=by)
    present = set(people_for(by).filter(groups=group).values_list("pk", flat=True))
    remove_members(group, present - set(members), by=by)
    add_members(group, set(members) - present, by=by)


def rename_group(group: Group, name: str, *, by: User) -> None:
    """Rename the group; the roles of its members follow. Raises ScimError or AccountRefused."""
    if group.name == name:
        return
    require_plain(group)
    former, group.name = group.name, require_free_name(name, but=group)
    group.save()
    follow(group.user_set.all(), joined={name}, left={former}, by=by)


def delete_group(group: Group, *, by: User) -> None:
    """Delete the group; its members lose the roles that it gave. Raises ScimError or AccountRefused."""
    require_plain(group)
    follow(group.user_set.all(), left={group.name}, by=by)
    group.delete()


def patch_group(group: Group, step: Step, *, by: User) -> None:
    """Do one step of a PATCH. Raises ScimError or AccountRefused."""
    verb, path, value = step
    head, _bracket, inside = path.partition("[")
    if path == "displayname" and verb != "remove":
        rename_group(group, as_text(value, "displayName", longest=LONGEST_NAME), by=by)
    elif head == "members":
        patch_members(group, verb, numbers_in_path(inside) if inside else member_numbers(value), by=by, all_of=value)
    elif path not in IGNORED and not path.startswith("urn:"):
        raise ScimError(_("A group has no “%(path)s” that can be changed.") % {"path": path[:100]}, kind="invalidPath")


def patch_members(group: Group, verb: str, numbers: set[int], *, by: User, all_of: Any) -> None:
    """Add, remove or replace members; a removal that names nobody removes everybody."""
    present = set(people_for(by).filter(groups=group).values_list("pk", flat=True))
    if verb == "add":
        add_members(group, numbers - present, by=by)
        return
    named_nobody = verb == "remove" and not numbers and all_of is None
    remove_members(group, present if named_nobody else numbers if verb == "remove" else present - numbers, by=by)
    if verb == "replace":
        add_members(group, numbers - present, by=by)


def add_members(group: Group, numbers: Collection[int], *, by: User) -> None:
    """Put the people into the group, with the roles that it gives. Raises ScimError or AccountRefused."""
    if numbers:
        require_kept_by_directory(group)
    follow(chosen(by, numbers, required=True), joined={group.name}, by=by)


def remove_members(group: Group, numbers: Collection[int], *, by: User) -> None:
    """Take the people out of the group, and the roles that only this group gave. Raises ScimError, AccountRefused."""
    if numbers:
        require_kept_by_directory(group)
    follow(chosen(by, numbers, required=False), left={group.name}, by=by)


def chosen(by: User, numbers: Collection[int], *, required: bool) -> Iterable[User]:
    """Return the people with these numbers. Raises ScimError for too many and, if required, for an unknown one."""
    if len(numbers) > MOST_MEMBERS:
        words = _("At most %(n)s members can be changed at once.") % {"n": MOST_MEMBERS}
        raise ScimError(words, kind="tooMany", status=413)
    found = list(people_for(by).filter(pk__in=numbers))
    if required and len(found) != len(numbers):
        raise ScimError(_("One of the members is not known here."), kind="invalidValue")
    return found


def follow(accounts: Iterable[User], *, joined: Collection[str] = (), left: Collection[str] = (), by: User) -> None:
    """Change the groups of all these accounts, and their roles as OIDC_ROLES says. Raises AccountRefused.

    It makes as many statements for many accounts as for one.
    """
    people, mapping = list(accounts), role_mapping()
    held, changes = names_held(people), []
    roles_of_all = {*ROLES, *own_role_names(map(organisation_of, people))}
    for account in people:
        before = (held[account.pk] - roles_of_all) | set(left)
        after = (before | set(joined)) - set(left)
        roles = roles_of_groups(after, mapping)
        gone = roles_of_groups(before, mapping) - roles
        changes.append(GroupChange(account, given={*joined, *roles}, taken={*left, *gone}))
    change_groups_of_many(changes, by=by)


# -- rules -----------------------------------------------------------------------------------------
def require_free_name(name: str, *, but: Group | None = None) -> str:
    """Return the name. Raises ScimError, or ValidationError if another group has it, or a role might."""
    if not name:
        raise ScimError(_("A group needs a “displayName”."), kind="invalidValue")
    if BETWEEN in name:
        raise ValidationError(
            _("The name of a group cannot have “%(sign)s” in it.") % {"sign": BETWEEN}, code="invalid"
        )
    others = Group.objects.exclude(pk=but.pk) if but else Group.objects.all()
    if others.filter(name__iexact=name).exists():
        raise ValidationError(_("Another group has this name."), code="unique")
    return name


def require_plain(group: Group) -> None:
    """Raise ScimError for a role, and AccountHasMoreRights for a group that gives rights of its own."""
    if is_role(group):
        words = _("“%(group)s” is a role: it is neither renamed nor deleted.")
        raise ScimError(words % {"group": group.name}, kind="mutability")
    if group.permissions.exists():
        raise AccountHasMoreRights(_("“%(group)s” gives rights: ask a superuser.") % {"group": group.name})


def require_kept_by_directory(group: Group) -> None:
    """Raise ScimError for a role whose members follow from other groups."""
    if is_role(group) and role_mapping():
        words = _("Who is %(group)s follows from the groups that OIDC_ROLES names: change the members of those.")
        raise ScimError(words % {"group": group.name}, kind="mutability")


# -- reading members -------------------------------------------------------------------------------
def member_numbers(value: Any) -> set[int]:
    """Return the numbers of a list of members, or of one. Raises ScimError."""
    listed = [] if value is None else value if isinstance(value, list) else [value]
    texts = [entry.get("value") if isinstance(entry, dict) else entry for entry in listed]
    return {number_of(text) for text in texts}


def numbers_in_path(inside: str) -> set[int]:
    """Return the numbers that a path like members[value eq "7"] names. Raises ScimError."""
    pairs = parsed_filter(inside.rstrip("]"))
    if any(path != "value" for path, _value in pairs):
        raise ScimError(_("Members are chosen by their value."), kind="invalidPath")
    return {number_of(value) for _path, value in pairs}


def number_of(text: Any) -> int:
    """Return the number of an id. Raises ScimError."""
    if not isinstance(text, str) or not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ScimError(_("The “value” of a member has to be the id of a person."), kind="invalidValue")
    return int(text)
