"""Makes, changes and deletes the roles of an organisation: the one place that does, whichever page it is asked on.

Nobody touches a role that has, or would have, a right that they lack; nobody changes the rights of a role that they
hold themselves, or that an account above them holds. A right that is given or taken counts from the next request of
each holder on, since nothing keeps rights between requests.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.granting import update_staff_rights
from accounts.models import OrganisationRole, User
from accounts.organisation_roles import BETWEEN, LONGEST_TITLE
from accounts.organisations import Organisation
from accounts.rank import AccountHasMoreRights, OtherOrganisation, require_may_manage, require_not_oneself
from accounts.rights import OFFERED, permissions_named
from accounts.roles import ROLES
from accounts.walls import is_within, organisation_of

MOST_ROLES = 50
# So many holders are named in a refusal.
MOST_NAMED = 10


class RoleRefused(Exception):
    """The role cannot be so, or cannot be deleted; the message says why, and what to do."""


def make_role(title: str, rights: Collection[str], *, by: User) -> OrganisationRole:
    """Make a role with these rights in the organisation of `by`. Raises RoleRefused or AccountRefused."""
    organisation = Organisation.objects.get(pk=organisation_of(by))
    title = acceptable_title(title)
    require_offered(rights)
    require_may_have(by, rights)
    if OrganisationRole.objects.filter(organisation=organisation).count() >= MOST_ROLES:
        words = _("An organisation has at most %(n)s roles of its own: delete one that nobody has.")
        raise RoleRefused(words % {"n": MOST_ROLES})
    with transaction.atomic(), taken_refused(title):
        # In bulk, so that no signal records a role of nobody's: the row of the role says whose it is.
        (group,) = Group.objects.bulk_create([Group(name=free_name(organisation.slug, title))])
        role = OrganisationRole.objects.create(group=group, organisation=organisation, title=title)
        group.permissions.set(permissions_named(rights))
    return role


def change_role(role: OrganisationRole, title: str, rights: Collection[str], *, by: User) -> None:
    """Give the role this title and exactly these rights; its holders stay. Raises RoleRefused or AccountRefused."""
    title = acceptable_title(title)
    require_offered(rights)
    with transaction.atomic():
        role = locked_role(role, by)
        before = rights_of_role(role)
        require_may_have(by, {*before, *rights})
        if title != role.title:
            role.title = title
            with taken_refused(title):
                role.save(update_fields=["title"])
        if set(rights) != before:
            holders = holders_of(role)
            require_may_change_for(by, holders)
            role.group.permissions.set(permissions_named(rights))
            update_staff_rights(holders)


def delete_role(role: OrganisationRole, *, by: User) -> None:
    """Delete the role, which nobody may hold. Raises RoleRefused, which names the holders, or AccountRefused."""
    with transaction.atomic():
        role = locked_role(role, by)
        require_may_have(by, rights_of_role(role))
        if holders := holders_of(role):
            words = _(
                "These people have the role: %(names)s. Give them another one on their pages under “People”, "
                "then delete it."
            )
            raise RoleRefused(words % {"names": names_in_words(holders)})
        role.group.delete()


# -- reading ---------------------------------------------------------------------------------------
def rights_of_role(role: OrganisationRole) -> set[str]:
    """Return the rights of the role, as `has_perm` expects them."""
    pairs = role.group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{code}" for app, code in pairs}


def holders_of(role: OrganisationRole) -> list[User]:
    """Return the accounts that have the role, active or not, by name."""
    return list(User.objects.filter(groups=role.group_id).order_by("username"))


def names_in_words(holders: Sequence[User]) -> str:
    """Return the first names, and how many more there are."""
    named = ", ".join(str(holder) for holder in holders[:MOST_NAMED])
    more = len(holders) - MOST_NAMED
    return named if more <= 0 else _("%(names)s and %(n)s more") % {"names": named, "n": more}


def locked_role(role: OrganisationRole, by: User) -> OrganisationRole:
    """Return the stored role, locked, so that nobody gets it meanwhile. Raises RoleRefused or OtherOrganisation."""
    found = OrganisationRole.objects.select_for_update(of=("self",)).select_related("group").filter(pk=role.pk).first()
    if found is None:
        raise RoleRefused(_("There is no such role any more."))
    if not is_within(by, found.organisation_id):
        raise OtherOrganisation(_("This role belongs to another organisation."))
    return found


# -- rules -----------------------------------------------------------------------------------------
def require_offered(rights: Collection[str]) -> None:
    """Raise RoleRefused for a right that no role of an organisation may have."""
    if unknown := sorted(set(rights) - set(OFFERED)):
        raise RoleRefused(_("A role of an organisation cannot have the right %(right)s.") % {"right": unknown[0]})


def require_may_have(by: User, rights: Collection[str]) -> None:
    """Raise AccountHasMoreRights for a right that `by` lacks."""
    if lacking := sorted(right for right in rights if not by.has_perm(right)):
        words = _("The role has a right that you do not have: “%(right)s”. Ask somebody who has it.")
        raise AccountHasMoreRights(words % {"right": OFFERED.get(lacking[0], lacking[0])})


def require_may_change_for(by: User, holders: Sequence[User]) -> None:
    """Raise AccountRefused if a holder of the role is `by`, or has a right that `by` lacks."""
    for holder in holders:
        require_not_oneself(by, holder)
    require_may_manage(by, *holders)


def acceptable_title(title: str) -> str:
    """Return the title without blanks around it. Raises RoleRefused."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise RoleRefused(_("A role needs a name, of at most %(n)s signs.") % {"n": LONGEST_TITLE})
    if title.casefold() in ROLES:
        raise RoleRefused(_("“%(name)s” is a built-in role: choose another name.") % {"name": title})
    return title


@contextmanager
def taken_refused(title: str) -> Iterator[None]:
    """Raise RoleRefused if the database refuses the title in the block: another role of the organisation has it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        words = _("There is a role called “%(name)s” already: choose another name.")
        raise RoleRefused(words % {"name": title}) from error


def free_name(slug: str, title: str) -> str:
    """Return a name for the group that no other has: those of the organisation and of the role, and a number if taken.

    It begins with the short name of the organisation, so what is taken says nothing of others.
    """
    name = f"{slug}{BETWEEN}{slugify(title) or 'role'}"
    taken = set(Group.objects.filter(name__startswith=name).values_list("name", flat=True))
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)
