"""Rounds of the clock: a step that is due for many projects is done for all of them together.

A round that fails is done again in halves until the failing project is alone, so that the others are not affected. That
project is set aside with the reason, for staff to see, and tried again after a pause that doubles with each failure. On
success its row is deleted.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from events.clock import database_now
from events.deadletters import storable_text
from events.isolation import in_halves, raising_locked
from events.models import SetAside
from telemetry import metrics

logger = logging.getLogger(__name__)

# First pause before a project that was set aside is tried again; it doubles up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10, 3600


def left_out_projects(name: str) -> QuerySet[SetAside, UUID]:
    """Return the ids of the projects that this round leaves out for now, as a subquery."""
    return SetAside.objects.filter(round=name, next_try_at__gt=database_now()).values_list("project_id", flat=True)


def do_round(name: str, projects: Iterable[UUID], step: Callable[[Sequence[UUID]], None]) -> None:
    """Do the step for all projects, or for halves of them where it fails; set aside a project that fails alone.

    A project that another session keeps locked is set aside too. Raises DATABASE_AWAY errors.
    """

    def step_and_clear(project_ids: Sequence[UUID]) -> None:
        """Do the step, then delete the rows that set these projects aside."""
        step(project_ids)
        SetAside.objects.filter(round=name, project_id__in=project_ids).delete()

    in_halves(
        sorted(set(projects)),
        raising_locked(step_and_clear),
        lambda project_id, error: set_aside(name, project_id, error),
    )


def set_aside(name: str, project_id: UUID, error: Exception) -> None:
    """Record why the round failed for this project, and when it is tried again; the pause doubles with each failure."""
    metrics.CLOCK_FAILURES.labels(name).inc()
    now = database_now()
    before = SetAside.objects.filter(round=name, project_id=project_id).first()
    failures = before.failures + 1 if before else 1
    pause = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 20), LONGEST_PAUSE_SECONDS)
    SetAside.objects.update_or_create(
        round=name,
        project_id=project_id,
        defaults={
            "reason": storable_text(f"{type(error).__name__}: {error}"),
            "trace": storable_text("".join(traceback.format_exception(error))),
            "failures": failures,
            "first_seen": before.first_seen if before else now,
            "last_seen": now,
            "next_try_at": now + timedelta(seconds=pause),
        },
    )
    logger.error("%s: project %s is set aside for %s s: %r", name, project_id, pause, error)


def set_aside_rows(project_id: UUID) -> list[SetAside]:
    """Return the rounds that leave the project out, the oldest first."""
    return list(SetAside.objects.filter(project_id=project_id).order_by("first_seen"))


def retry_now(row: SetAside) -> None:
    """Make the round include the project again from now on."""
    SetAside.objects.filter(pk=row.pk).update(next_try_at=database_now())
