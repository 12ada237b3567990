"""Organisations: whose things an account sees, and to whom a project belongs.

An account names its organisation in a column of its own, so that a selector narrows to it without a query more. A
project keeps the organisation it was opened for, even if its requester's account moves on.
"""

from typing import Any

from django.apps import apps as installed
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

# The organisation that every installation begins with. It gets what names none: a request from outside whose requester
# has no account, and the rows of the release before, which does not know the column.
FIRST_ORGANISATION = 1


class Organisation(models.Model):
    """People and projects that belong together; what belongs to a project belongs to its organisation."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    created_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def make_first_organisation(using: str = "default", apps: Any = installed, **sent: Any) -> None:
    """Make the first organisation if it is missing: the column's default names it. Runs after every migrate."""
    organisations = apps.get_model("accounts", "Organisation").objects.using(using)
    organisations.get_or_create(pk=FIRST_ORGANISATION, defaults={"name": "Default", "slug": "default"})
