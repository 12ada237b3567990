"""Puts on record who tried to decide what only somebody else may decide.

A program that approves its own request, or answers its own question as a person would, is refused by the services and
by the rules of the endpoints. The refusal alone leaves no trace, since its transaction is undone: so it is recorded
here, in the audit log, once the request has failed.
"""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.audit import AuditRecord, unsaved_entry
from accounts.models import User
from api.rules import Rule
from backlog.errors import OwnWork, PersonNeeded
from clarifications.errors import NotApprover, OwnApproval, OwnQuestion

DECISIONS = (NotApprover, OwnApproval, OwnQuestion, OwnWork, PersonNeeded)
# Attempts of one account on one object within this time are counted in one row.
COUNTED_FOR = timedelta(hours=1)


def record_refused_decision(error: Exception, context: dict[str, Any]) -> None:
    """Record the refusal in the audit log if it is one of a decision; `context` is that of the exception handler."""
    request, user = context.get("request"), getattr(context.get("request"), "_user", None)
    if not isinstance(request, Request) or not isinstance(user, User):
        return
    if not isinstance(error, DECISIONS) and not is_for_people_alone(error, context):
        return
    record = unsaved_entry(AuditRecord.Action.DECISION_REFUSED, target=request.path, details=str(error))
    recent = AuditRecord.objects.filter(action=record.action, recorded_at__gt=Now() - COUNTED_FOR)
    if not recent.filter(target=record.target, actor=record.actor).update(count=F("count") + 1):
        record.save()


def is_for_people_alone(error: Exception, context: dict[str, Any]) -> bool:
    """Return True if the endpoint's rule refused the request because a person has to send it, signed in."""
    rule = getattr(context.get("view"), "rules", {}).get(context["request"].method)
    return isinstance(error, PermissionDenied) and isinstance(rule, Rule) and rule.people_only
