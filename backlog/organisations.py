"""Makes organisations, each with templates of its own, and moves accounts from one to another."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.organisations import Organisation
from backlog.blueprints import copy_blueprints


class OrganisationRefused(Exception):
    """The organisation cannot be made, or the account cannot be moved there; the message says why."""


def make_organisation(name: str) -> Organisation:
    """Make an organisation, with a copy of each template that comes with Interlock. Raises OrganisationRefused."""
    slug = slugify(name)[:60]
    if not slug or len(name) > 100:
        raise OrganisationRefused(_("The name of an organisation has letters or digits, at most 100 characters."))
    try:
        with transaction.atomic():
            made = Organisation.objects.create(name=name, slug=slug)
            copy_blueprints(made.pk)
    except IntegrityError as error:
        words = _("There is an organisation with the name “%(name)s” or the short name “%(slug)s” already.")
        raise OrganisationRefused(words % {"name": name, "slug": slug}) from error
    return made


def move_account(account: User, to: Organisation) -> None:
    """Move the account to the organisation. Its projects stay where they were opened. Idempotent."""
    account.organisation = to
    account.save(update_fields=["organisation"])
