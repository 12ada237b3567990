"""To which organisation the rows of the backlog and of the spine belong; the spine itself knows no organisations."""

from collections.abc import Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION
from accounts.walls import VIEWS, belongs, of_installation
from backlog.models import (
    Deliverable,
    Item,
    Lease,
    ModelCall,
    ModelGrant,
    ModelSwitch,
    Project,
    Template,
    WorkContext,
)
from events.models import (
    AbandonedGroup,
    Archive,
    Attempt,
    DeadLetter,
    Erasure,
    Event,
    Outbox,
    Producer,
    Pruning,
    SetAside,
    Turn,
)

# The keys of payloads that name whose event it is.
PEOPLE = ("requester", "answered_by", "submitted_by")


def of_project_id(organisation: int) -> Q:
    """The condition for rows whose `project_id` is a project of the organisation.

    The first organisation has those without a project too: everything that no other organisation has.
    """
    if organisation == FIRST_ORGANISATION:
        # Numbers of organisations go up from the first one, and `>` can use an index.
        return ~Q(project_id__in=Project.objects.filter(organisation__gt=FIRST_ORGANISATION).values("pk"))
    return Q(project_id__in=Project.objects.filter(organisation=organisation).values("pk"))


def organisations_of(payloads: Sequence[dict[str, Any]]) -> list[int]:
    """Return the organisation of each event from its payload: of its project, else of whom it names, else the first.

    Two queries.
    """
    ids = [uuid_in(payload.get("project_id")) for payload in payloads]
    names = [[name for key in PEOPLE if isinstance(name := payload.get(key), str)] for payload in payloads]
    named = [project for project in ids if project]
    of_project = dict(Project.objects.filter(pk__in=named).values_list("pk", "organisation_id"))
    of_person = dict(User.objects.filter(username__in={*chain(*names)}).values_list("username", "organisation_id"))
    found = []
    for project, people in zip(ids, names, strict=True):
        person = next((of_person[name] for name in people if name in of_person), FIRST_ORGANISATION)
        found.append(of_project.get(project, person) if project else person)
    return found


def uuid_in(value: Any) -> UUID | None:
    """Return the value as a UUID, or None if it is not the text of one."""
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        return None


belongs(Project, Template, DeadLetter, ModelCall, ModelGrant, ModelSwitch, by="organisation")
belongs(Item, WorkContext, Deliverable, by="project__organisation")
belongs(Lease, by="item__project__organisation")
# The view shows whose every project is, also those that a request must not see.
VIEWS["backlog_whose_project"] = "SELECT id, organisation_id FROM backlog_project"
WHOSE_PROJECT = f"""
COALESCE((SELECT whose.organisation_id FROM backlog_whose_project whose WHERE whose.id = {{table}}.project_id),
         {FIRST_ORGANISATION}) = {{organisation}}"""
belongs(Event, SetAside, by=of_project_id, in_sql=WHOSE_PROJECT)
belongs(AbandonedGroup, Archive, Attempt, Erasure, Outbox, Producer, Pruning, Turn, by=of_installation)
