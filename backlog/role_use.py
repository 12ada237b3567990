"""Deletes a role of an organisation, unless a template in use still names it: nobody could approve there any more."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import OrganisationRole, User
from accounts.role_editing import RoleRefused, delete_role
from backlog.models import Project, Template
from backlog.states import ProjectStatus

IN_PROGRESS = (ProjectStatus.OPEN, ProjectStatus.WAITING)
# So many templates are named in a refusal.
MOST_NAMED = 10


def delete_unnamed_role(role: OrganisationRole, *, by: User) -> None:
    """Delete the role. Raises RoleRefused, which says who has it or which templates name it, or AccountRefused."""
    name, organisation = role.group.name, role.organisation_id
    with transaction.atomic():
        delete_role(role, by=by)
        if found := templates_with(name, organisation):
            words = _(
                "These templates name the role: %(names)s. Save new versions of them with another group, and wait for "
                "the end of projects that have such a version, then delete it."
            )
            raise RoleRefused(words % {"names": ", ".join(found[:MOST_NAMED])})


def templates_with(group: str, organisation: int) -> list[str]:
    """Return name and version of the organisation's templates that name the group, if they are in use.

    In use are the newest version of each, and versions that a project in progress has.
    """
    own = Template.objects.filter(organisation=organisation)
    newer = own.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
    in_progress = Project.objects.filter(template=OuterRef("pk"), status__in=IN_PROGRESS)
    used = own.filter(~Exists(newer) | Exists(in_progress)).order_by("name", "version")
    return [f"{one.name} {one.version}" for one in used if group in set(groups_named(one.definition))]


def groups_named(definition: dict[str, Any]) -> Iterator[str]:
    """Yield the groups that the definition names, as it was saved."""
    yield from definition.get("silence", {}).get("escalate_to", ())
    for item in definition["items"]:
        yield from item.get("approvers", {}).get("groups", ())
