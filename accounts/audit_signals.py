"""What the audit log is told of by signals: signing in and out, rights given and taken, roles, and deletions."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save
from django.http import HttpRequest

from accounts.audit import LONGEST_NAME, AuditRecord, address_of, entry, printable
from accounts.models import User
from accounts.recorded import Recorded, deleting, write

Action = AuditRecord.Action
# Anybody may fail to sign in, as often as they like: what is kept of it in an hour is bounded.
FAILURES_COUNTED_FOR = timedelta(hours=1)
MOST_FAILURES = 100
# The tables of rights, each with who holds what, and how the two are called.
RIGHTS = {
    "accounts.user_groups": ("user", "group"),
    "accounts.user_user_permissions": ("user", "permission"),
    "auth.group_permissions": ("group", "permission"),
}
NAMES = {
    "user": ("user__username",),
    "group": ("group__name",),
    "permission": ("permission__content_type__app_label", "permission__codename"),
}


def listen() -> None:
    """Connect the signals."""
    user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    user_login_failed.connect(sign_in_failed)
    m2m_changed.connect(rights_changed)
    pre_save.connect(role_named, sender=Group)
    post_save.connect(role_saved, sender=Group)
    pre_delete.connect(role_deleted, sender=Group)
    for model in apps.get_models():
        if issubclass(model, Recorded):
            pre_delete.connect(deleting, sender=model)


# -- signing in ------------------------------------------------------------------------------------
def signed_in(sender: Any, user: User, request: HttpRequest | None = None, **sent: Any) -> None:
    """Record that somebody signed in."""
    by_oneself(Action.SIGNED_IN, user, request)


def signed_out(sender: Any, user: User | None, request: HttpRequest | None = None, **sent: Any) -> None:
    """Record that somebody signed out; anybody may ask to, which changes nothing for whom is not signed in."""
    if user is not None:
        by_oneself(Action.SIGNED_OUT, user, request)


def by_oneself(action: AuditRecord.Action, user: User, request: HttpRequest | None) -> None:
    """Record what people do with their own accounts."""
    record = entry(action, target=user.username, target_id=user.pk)
    record.actor, record.actor_id, record.address = user.username, user.pk, address_of(request)
    record.save()


def sign_in_failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **sent: Any) -> None:
    """Record that somebody failed to sign in: one row a name and address an hour, with a count.

    With a hundred such rows in the hour others are counted by the name alone where an account has it, and in one row
    where none has: names that are made up fill no table and hide nobody's.
    """
    name, address = printable(str(credentials.get("username", "")))[:LONGEST_NAME], address_of(request)
    recent = AuditRecord.objects.filter(action=Action.SIGN_IN_FAILED, recorded_at__gt=Now() - FAILURES_COUNTED_FOR)
    if counted(recent, name, address):
        return
    if recent.count() >= MOST_FAILURES:
        name, address = (name if User.objects.filter(username=name).exists() else ""), ""
        if counted(recent, name, address):
            return
    record = entry(Action.SIGN_IN_FAILED, target=name)
    record.actor, record.actor_id, record.address = "", None, address
    record.save()


def counted(recent: models.QuerySet[AuditRecord], name: str, address: str) -> bool:
    """Count one more in the row of this name and address; False where there is none."""
    return bool(recent.filter(target=name, address=address).update(count=F("count") + 1))


# -- rights ----------------------------------------------------------------------------------------
def rights_changed(
    sender: Any, instance: Any, action: str, model: Any, pk_set: set[Any] | None, using: str, **sent: Any
) -> None:
    """Record who was given which role or permission, or lost it, from whichever side it was said.

    A migrate speaks in the models of its own time, so the table is known by its name, and the log may not be there yet.
    """
    pair = RIGHTS.get(sender._meta.label_lower)
    if pair is None or action not in ("post_add", "pre_remove", "pre_clear") or not has_log(sender._meta.apps):
        return
    rows = sender._base_manager.using(using).filter(**{f"{instance._meta.model_name}_id": instance.pk})
    if pk_set is not None:
        rows = rows.filter(**{f"{model._meta.model_name}_id__in": pk_set})
    write(rights_records(rows, *pair, given=action == "post_add"), using)


def has_log(known: Any) -> bool:
    """Whether the audit log is among the models."""
    return "auditrecord" in known.all_models["accounts"]


def rights_records(rows: models.QuerySet[Any], holder: str, right: str, *, given: bool) -> list[AuditRecord]:
    """Return an unsaved entry for each holder, with the rights of these rows."""
    rights = defaultdict(list)
    for pk, name, *parts in rows.values_list(f"{holder}_id", *NAMES[holder], *NAMES[right]):
        rights[pk, name].append(".".join(parts))
    action, word = Action.RIGHTS_GIVEN if given else Action.RIGHTS_TAKEN, "role" if right == "group" else "permission"
    return [
        entry(
            action,
            target=name if holder == "user" else role(name),
            target_id=pk if holder == "user" else None,
            details=f"{word}: {', '.join(sorted(named))}",
        )
        for (pk, name), named in rights.items()
    ]


def role(name: str) -> str:
    """Return what a role is called as the target of an act, apart from an account of the same name."""
    return f"role {name}"


# -- roles -----------------------------------------------------------------------------------------
def role_named(sender: Any, instance: Any, using: str, **sent: Any) -> None:
    """Remember what the role is called, before it is stored."""
    instance.former_name = Group.objects.using(using).filter(pk=instance.pk).values_list("name", flat=True).first()


def role_saved(sender: Any, instance: Any, using: str, created: bool, **sent: Any) -> None:
    """Record that a role was made or renamed."""
    if created:
        write([entry(Action.ROLE_MADE, target=role(instance.name))], using)
    elif instance.name != instance.former_name:
        write(
            [entry(Action.ROLE_CHANGED, target=role(instance.name), details=f"before: {instance.former_name}")], using
        )


def role_deleted(sender: Any, instance: Any, using: str, **sent: Any) -> None:
    """Record that a role goes, and who loses it."""
    holders = ", ".join(instance.user_set.using(using).order_by("username").values_list("username", flat=True))
    details = f"taken from: {holders}" if holders else ""
    write([entry(Action.ROLE_DELETED, target=role(instance.name), details=details)], using)
