"""Rounds of the clock: what is due in many projects is done together, and one that fails costs the others nothing.

A round that fails is done again in halves until the failing project is alone. That project is set aside with its
reason, where staff see it, and tried again after a pause that doubles; once it works, its row is gone.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from events.clock import database_now
from events.deadletters import clean
from events.isolation import in_halves, telling_locks_apart
from events.models import SetAside

logger = logging.getLogger(__name__)

# First pause before a project that was set aside is tried again; it doubles up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10, 3600


def put_off(name: str) -> QuerySet[SetAside, UUID]:
    """The projects that this round leaves out for now, as a subquery."""
    return SetAside.objects.filter(round=name, next_try_at__gt=database_now()).values_list("project_id", flat=True)


def do_round(name: str, projects: Iterable[UUID], step: Callable[[Sequence[UUID]], None]) -> None:
    """Do the step for all the projects, or for halves of them where it fails; a project that fails alone is set aside.

    So is one that somebody holds locked for too long. Raises what says that the database is away.
    """

    def done(some: Sequence[UUID]) -> None:
        """The step, after which none of them is set aside any more."""
        step(some)
        SetAside.objects.filter(round=name, project_id__in=some).delete()

    in_halves(sorted(set(projects)), telling_locks_apart(done), lambda one, error: set_aside(name, one, error))


def set_aside(name: str, project_id: UUID, error: Exception) -> None:
    """Keep why the round failed for this project, and when it is tried again."""
    now = database_now()
    before = SetAside.objects.filter(round=name, project_id=project_id).first()
    failures = before.failures + 1 if before else 1
    pause = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 20), LONGEST_PAUSE_SECONDS)
    SetAside.objects.update_or_create(
        round=name,
        project_id=project_id,
        defaults={
            "reason": clean(f"{type(error).__name__}: {error}"),
            "trace": clean("".join(traceback.format_exception(error))),
            "failures": failures,
            "first_seen": before.first_seen if before else now,
            "last_seen": now,
            "next_try_at": now + timedelta(seconds=pause),
        },
    )
    logger.error("%s: project %s is set aside for %s s: %r", name, project_id, pause, error)


def standing_still(project_id: UUID) -> list[SetAside]:
    """Each round that leaves the project out, the first of them first: so long it has stood still."""
    return list(SetAside.objects.filter(project_id=project_id).order_by("first_seen"))


def try_again(row: SetAside) -> None:
    """Let the next round take the project on."""
    SetAside.objects.filter(pk=row.pk).update(next_try_at=database_now())
