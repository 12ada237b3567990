"""Holds organisations to their quotas of projects and of stored bytes, and sets quotas.

Every door opens a project through `flow.opening`, which asks here under the lock of the quota's row: two requests at
once cannot both be the last one. A batch locks the rows that it needs in one order, before any project is opened.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.organisations import Organisation
from accounts.quotas import NAMES, NO_LIMITS, Limits, Quota, forget_limits, limits_of
from backlog.errors import QuotaReached
from backlog.models import Project
from backlog.work import ProjectWork
from events.work import locked

# A count of bytes that leaves no room is made anew if it is older: rows of ended projects may have been deleted.
COUNTED_AGAIN_AFTER = timedelta(hours=1)


# -- using -----------------------------------------------------------------------------------------
def lock_quotas(work: ProjectWork, organisations: Collection[int]) -> None:
    """Lock the quotas of those of the organisations that have one, in one order, and keep them in the work."""
    new = set(organisations) - work.quotas.keys()
    work.quotas |= dict.fromkeys(new)
    if limited := [number for number in new if bounds_opening(limits_of(number))]:
        rows = work.keep_loaded(locked(Quota.objects.filter(organisation__in=limited)))
        work.quotas |= {row.organisation_id: row for row in rows}


def bounds_opening(limits: Limits) -> bool:
    """Return True if the limits bound what a project may take."""
    return limits.projects_a_month is not None or limits.bytes_stored is not None


def take_project(work: ProjectWork, organisation: int) -> None:
    """Count one more project of this month. Raises QuotaReached if the organisation has opened all that it may."""
    lock_quotas(work, [organisation])
    quota, month = work.quotas[organisation], first_of_month(work.now)
    if quota is None:
        return
    if quota.month != month:
        quota.month, quota.projects_used = month, 0
    if quota.projects_a_month is not None and quota.projects_used >= quota.projects_a_month:
        raise QuotaReached(no_more_projects(quota.projects_a_month, month), quota="projects_a_month")
    quota.projects_used += 1
    work.change(quota, "month", "projects_used")


def take_bytes(work: ProjectWork, organisation: int, size: int) -> None:
    """Count so many bytes that are stored with a project. Raises QuotaReached if the organisation has no room."""
    quota = work.quotas.get(organisation)
    if quota is None or not size:
        return
    require_room(quota, size, work.now)
    quota.bytes_used += size
    work.change(quota, "bytes_used", "counted_at")


def require_room_for_file(organisation: int, size: int) -> None:
    """Raise QuotaReached if a file of so many bytes has no room in the organisation; before it is read."""
    if limits_of(organisation).bytes_stored is None:
        return
    with transaction.atomic():
        for quota in locked(Quota.objects.filter(organisation=organisation)):
            require_room(quota, size, timezone.now())


def require_room(quota: Quota, size: int, now: datetime) -> None:
    """Raise QuotaReached if so many bytes have no room; an old count is made anew before that."""
    most = quota.bytes_stored
    if most is None or quota.bytes_used + size <= most:
        return
    if quota.counted_at is None or quota.counted_at <= now - COUNTED_AGAIN_AFTER:
        count_bytes(quota, now)
        Quota.objects.filter(pk=quota.pk).update(bytes_used=quota.bytes_used, counted_at=now)
    if quota.bytes_used + size > most:
        raise QuotaReached(no_more_bytes(size, most - quota.bytes_used, most), quota="bytes_stored")


def no_more_projects(most: int, month: date) -> str:
    """Return the words for who may open no project any more."""
    after = (month + timedelta(days=32)).replace(day=1)
    words = _(
        "Your organisation may open %(most)s projects a month, and has. The next one can be opened on %(date)s;"
        " whoever runs Interlock can raise the limit (%(command)s organisations quota)."
    )
    return words % {"most": most, "date": date_format(after, "DATE_FORMAT"), "command": settings.COMMAND}


def no_more_bytes(size: int, left: int, most: int) -> str:
    """Return the words for who may store nothing any more."""
    words = _(
        "Your organisation may store %(most)s bytes of rows, and has room for %(left)s: this needs %(size)s. Rows are"
        " deleted some time after the end of their project; whoever runs Interlock can raise the limit (%(command)s"
        " organisations quota)."
    )
    return words % {"most": most, "left": max(0, left), "size": size, "command": settings.COMMAND}


# -- counting --------------------------------------------------------------------------------------
def first_of_month(now: datetime) -> date:
    """Return the first day of the month, in UTC as `now` is."""
    return now.date().replace(day=1)


def count_bytes(quota: Quota, now: datetime) -> None:
    """Count the bytes of the organisation's projects whose rows are kept."""
    own = Project.objects.filter(organisation=quota.organisation_id, stored_bytes__gt=0)
    if days := settings.RETENTION.rows:
        own = own.filter(Q(finished_at=None) | Q(finished_at__gt=now - timedelta(days=days)))
    quota.bytes_used = own.order_by().aggregate(all=Sum("stored_bytes"))["all"] or 0
    quota.counted_at = now


# -- setting ---------------------------------------------------------------------------------------
def set_quota(organisation: Organisation, limits: Limits) -> None:
    """Give the organisation exactly these limits, and count what it has used. Idempotent; recorded where it changes."""
    with transaction.atomic():
        quota = Quota.objects.select_for_update().filter(organisation=organisation).first()
        before = quota.limits if quota else NO_LIMITS
        if limits == before:
            return
        words = "; ".join(change_in_words(name, before, limits) for name in NAMES if differs(name, before, limits))
        action, pk = AuditRecord.Action.QUOTA_CHANGED, organisation.pk
        unsaved_entry(action, target=organisation.name, details=words, organisation=pk).save()
        if limits == NO_LIMITS and quota:
            quota.delete()
        else:
            save_counted(quota or Quota(organisation=organisation), limits)
    forget_limits()


def save_counted(quota: Quota, limits: Limits) -> None:
    """Store the limits, with what the organisation has used of them so far."""
    now = timezone.now()
    quota.month = first_of_month(now)
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    opened = Project.objects.filter(organisation=quota.organisation_id, opened_at__gte=begin)
    quota.projects_used = opened.order_by().count()
    count_bytes(quota, now)
    for name in NAMES:
        setattr(quota, name, getattr(limits, name))
    quota.save()


def differs(name: str, before: Limits, after: Limits) -> bool:
    """Return True if this limit changes."""
    value: Any = getattr(before, name)
    return bool(value != getattr(after, name))


def change_in_words(name: str, before: Limits, after: Limits) -> str:
    """Return the change of one limit in words, for the audit log."""
    old, new = (getattr(limits, name) for limits in (before, after))
    return f"{name.replace('_', ' ')}: {'no limit' if old is None else old} → {'no limit' if new is None else new}"
