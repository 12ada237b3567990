"""Makes organisations, each with templates of its own, and moves accounts from one to another."""

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.absences.keeping import end_absences_with
from accounts.granting import change_groups
from accounts.models import User
from accounts.organisation_roles import own_role_names
from accounts.organisations import Organisation
from accounts.walls import organisation_of
from backlog.blueprints import copy_blueprints

LONGEST_NAME, LONGEST_SLUG = 100, 60


class OrganisationRefused(Exception):
    """The organisation cannot be made, or the account cannot be moved there; the message says why."""


def make_organisation(name: str) -> Organisation:
    """Make an organisation, with a copy of each template that comes with Interlock. Raises OrganisationRefused."""
    slug = require_free_name(name)
    with transaction.atomic():
        made = Organisation.objects.create(name=name, slug=slug)
        copy_blueprints(made.pk)
    return made


def require_free_name(name: str) -> str:
    """Return the short name of a new organisation. Raises OrganisationRefused if there is one that is called so."""
    slug = slugify(name)[:LONGEST_SLUG]
    if not slug or len(name) > LONGEST_NAME:
        words = _("The name of an organisation has letters or digits, and at most %(n)s characters.")
        raise OrganisationRefused(words % {"n": LONGEST_NAME})
    if Organisation.objects.filter(Q(name=name) | Q(slug=slug)).exists():
        words = _("There is an organisation with the name “%(name)s” or the short name “%(slug)s” already.")
        raise OrganisationRefused(words % {"name": name, "slug": slug})
    return slug


def move_account(account: User, to: Organisation) -> None:
    """Move the account to the organisation. Its projects stay where they were opened. Idempotent.

    Who stands in for it, or for whom it does, is of the organisation before: that ends.
    Roles that its former organisation has defined are taken from it; built-in roles and groups stay.

    Raises OrganisationRefused if its person has another account there.
    """
    others = User.objects.filter(home=account.home_id, organisation=to).exclude(pk=account.pk)
    if account.home_id is not None and others.exists():
        words = _("The person of %(account)s has an account in %(organisation)s already.")
        raise OrganisationRefused(words % {"account": account, "organisation": to})
    with transaction.atomic():
        if account.organisation_id != to.pk:
            end_absences_with(account)
            change_groups(account, given=(), taken=own_role_names([organisation_of(account)]), by=None)
        account.organisation_id = to.pk
        account.save(update_fields=["organisation"])
