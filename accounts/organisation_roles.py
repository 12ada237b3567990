"""Roles that an organisation defines for itself, beside the built-in ones.

Such a role is a Django group, so that whatever reads rights, members or assigned groups knows it already, and a row
here, which says whose it is. The group's name is for machines: templates, questions, directories and commands name it,
so it is made once and stays. People read the title, which may change.

Whether a group belongs to an organisation is said in `accounts/walls.py`: another organisation meets neither.
"""

from collections.abc import Collection, Iterable
from typing import Self

from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.organisations import Organisation
from accounts.recorded import Recorded, differences_in_words
from accounts.roles import ROLES

LONGEST_TITLE = 60
# Between the short name of the organisation and that of the role. No group of a directory may have it in its name.
BETWEEN = "::"


class OrganisationRole(Recorded):
    """A role of one organisation."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="own_role", verbose_name=_("group"))
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    title = models.CharField(_("name"), max_length=LONGEST_TITLE)

    on_record = frozenset({"title"})
    related_names = ("group",)

    class Meta:
        app_label = "accounts"
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["title"]
        default_permissions = ("change",)
        constraints = [
            models.UniqueConstraint(Lower("title"), "organisation", name="title_once_in_an_organisation"),
        ]

    def __str__(self) -> str:
        return self.title

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved record that the role was made, or has another title; its rights are recorded elsewhere."""
        words = differences_in_words(self, before)
        action = AuditRecord.Action.ROLE_CHANGED if before else AuditRecord.Action.ROLE_MADE
        return [self.entry(action, words)] if words else []

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved record of the deletion."""
        return self.entry(AuditRecord.Action.ROLE_DELETED, f"title: {self.title}")

    def entry(self, action: AuditRecord.Action, words: str) -> AuditRecord:
        """Return an unsaved entry about this role, which belongs to its organisation."""
        target = f"role {self.group.name}"
        return unsaved_entry(action, target=target, details=words, organisation=self.organisation_id)


def is_role(group: Group) -> bool:
    """Return True for a role, built-in or of an organisation. No query if `own_role` was selected with the group."""
    return group.name in ROLES or hasattr(group, "own_role")


def title_of(group: Group) -> str:
    """Return the name of the group for people. No query if `own_role` was selected with it."""
    return group.own_role.title if hasattr(group, "own_role") else group.name


def is_open_to(group: Group, organisation: int | None) -> bool:
    """Return True unless the group is the role of another organisation."""
    return not hasattr(group, "own_role") or group.own_role.organisation_id == organisation


def own_role_names(organisations: Iterable[int]) -> set[str]:
    """Return the names of the groups that are roles of these organisations. One query."""
    found = OrganisationRole.objects.filter(organisation__in=set(organisations))
    return set(found.values_list("group__name", flat=True))


def roles_among(names: Collection[str], organisation: int) -> set[str]:
    """Return those of the names that are built-in roles, or roles of this organisation. At most one query."""
    others = set(names) - set(ROLES)
    return set(names) - others | (others & own_role_names([organisation]) if others else set())
