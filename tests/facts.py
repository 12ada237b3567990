"""What is the case about projects, accounts and all else that a door may change, and what has changed."""

import re
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Count

from accounts.models import User
from backlog.models import Item, Project, Template
from clarifications.models import Question
from events.models import DeadLetter, Producer
from reports.models import SharedLink
from webhooks.models import Endpoint

# Statements that only read, and those that write of a session: no fact is about one.
NO_FACT = re.compile(
    r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK)\b"
    r'|(INSERT INTO|UPDATE|DELETE FROM) "(django_session|accounts_browsersession)" '
)
# What another value of a fact would be.
Change = str


def facts() -> dict[Change, Any]:
    """What is the case, under the name of the change that another value would be."""
    found: dict[Change, Any] = {}
    for item in Item.objects.select_related("project"):
        if item.state == "DONE":
            found[f"finished for {item.project.requester}"] = True
        found[f"item of {item.project.requester}"] = (item.state, item.held_for, item.failures, item.attempts)
    for question in Question.objects.select_related("project"):
        holder = (question.status, question.assigned_to_id, question.assigned_group)
        found[f"question of {question.project.requester}"] = holder
    for name, projects in owners().items():
        found[f"opened for {name}"] = projects
    endpoints = list(Endpoint.objects.order_by("pk").values())
    for user in User.objects.prefetch_related("groups", "user_permissions", "keys"):
        rights = (user.is_superuser, user.is_staff, user.is_active, user.is_service, user.username, user.password)
        groups = sorted(group.name for group in user.groups.all())
        found[f"account of {user.username}"] = (*rights, groups, len(user.user_permissions.all()))
        found[f"keys of {user.username}"] = sorted((key.pk, key.revoked_at) for key in user.keys.all())
        found[f"endpoint of {user.username}"] = [one for one in endpoints if one["owner_id"] == user.pk]
    for link in SharedLink.objects.select_related("project").order_by("pk"):
        found.setdefault(f"links of {link.project.requester}", []).append((link.pk, link.revoked_at, link.expires_at))
    letters = DeadLetter.objects.order_by("pk").values_list("pk", "state", "raw")
    found["letters"] = [(pk, state, bytes(raw)) for pk, state, raw in letters]
    found["roles"] = dict(Group.objects.annotate(rights=Count("permissions")).values_list("name", "rights"))
    found["templates"] = Template.objects.count()
    found["producers"] = list(Producer.objects.order_by("pk").values_list("kid", "revoked_at"))
    return found


def owners() -> dict[str, int]:
    """How many projects each has asked for."""
    found: dict[str, int] = {}
    for name in Project.objects.values_list("requester", flat=True):
        found[name] = found.get(name, 0) + 1
    return found


def changes(before: dict[Change, Any], after: dict[Change, Any]) -> set[Change]:
    """The names of what is different."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


class Writes:
    """Counts the statements that may change a fact: where there is none, the facts need not be compared."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number += NO_FACT.match(sql) is None
        return execute(sql, params, many, context)
