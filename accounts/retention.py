"""What accounts no longer need: sessions and keys that have ended, and, where a setting says so, old records."""

from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.attempts import KNOWN_FOR, SignInAttempts
from accounts.audit import AuditRecord
from accounts.browsers import BrowserSession
from accounts.models import ApiKey, AskedAct
from accounts.passwords.models import Letter


def forgotten_attempts(until: datetime) -> QuerySet[SignInAttempts]:
    """Return the counts of failed sign-ins from before the moment, without those of a known address."""
    known = Q(succeeded_at__gte=timezone.now() - KNOWN_FOR)
    return SignInAttempts.objects.exclude(known).filter(last_at__lt=until)


def unused_browsers(until: datetime) -> QuerySet[BrowserSession]:
    """Return what is kept of sessions that were used last before the moment: they have ended by then."""
    return BrowserSession.objects.filter(used_at__lt=until)


def unsent_letters(until: datetime) -> QuerySet[Letter]:
    """Return the letters from before the moment that no process has sent."""
    return Letter.objects.filter(created_at__lt=until)


def expired_sessions(until: datetime) -> QuerySet[Session]:
    """Return the sessions that expired before the moment."""
    return Session.objects.filter(expire_date__lt=until)


def ended_keys(until: datetime, *, but: "QuerySet[Any, Any]") -> QuerySet[ApiKey]:
    """Return the API keys that expired or were revoked before the moment, without those whose keys are in `but`."""
    return ApiKey.objects.filter(Q(expires_at__lt=until) | Q(revoked_at__lt=until)).exclude(pk__in=but)


def old_asked_acts(until: datetime) -> QuerySet[AskedAct]:
    """Return the acts that two people decided, or nobody in time, before the moment."""
    return AskedAct.objects.filter(settled_at__lt=until)


def old_audit_records(until: datetime) -> QuerySet[AuditRecord]:
    """Return the records of the audit log from before the moment."""
    return AuditRecord.objects.filter(recorded_at__lt=until)


def old_log_entries(until: datetime) -> QuerySet[LogEntry]:
    """Return the records of the admin's log from before the moment."""
    return LogEntry.objects.filter(action_time__lt=until)
