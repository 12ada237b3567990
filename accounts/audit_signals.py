"""Receivers of Django signals that write the audit log: sign-ins, rights given and taken, roles, deletions."""

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

from accounts.audit import LONGEST_NAME, AuditRecord, address_of, printable_text, unsaved_entry
from accounts.models import OrganisationRole, User
from accounts.recorded import Recorded, record_deletion, write_records

Action = AuditRecord.Action
# Anybody can cause failed sign-ins without limit, so the number of their rows in an hour is limited.
FAILURES_COUNTED_FOR = timedelta(hours=1)
MOST_FAILURES = 100
# The tables of rights → (the field of the holder, the field of the right).
RIGHTS = {
    "accounts.user_groups": ("user", "group"),
    "accounts.user_user_permissions": ("user", "permission"),
    "auth.group_permissions": ("group", "permission"),
}
# The lookups that give the name of a holder or a right in these tables.
NAMES = {
    "user": ("user__username",),
    "group": ("group__name",),
    "permission": ("permission__content_type__app_label", "permission__codename"),
}


def connect_receivers() -> None:
    """Connect all receivers to their signals."""
    user_logged_in.connect(record_sign_in)
    user_logged_out.connect(record_sign_out)
    user_login_failed.connect(record_failed_sign_in)
    m2m_changed.connect(record_rights_change)
    pre_save.connect(remember_role_name, sender=Group)
    post_save.connect(record_role_saved, sender=Group)
    pre_delete.connect(record_role_deleted, sender=Group)
    for model in apps.get_models():
        if issubclass(model, Recorded):
            pre_delete.connect(record_deletion, sender=model)


# -- signing in ------------------------------------------------------------------------------------
def record_sign_in(sender: Any, user: User, request: HttpRequest | None = None, **sent: Any) -> None:
    """Record a sign-in, and with what, if the request says that in `signed_in_with`."""
    record_own_act(Action.SIGNED_IN, user, request, getattr(request, "signed_in_with", ""))


def record_sign_out(sender: Any, user: User | None, request: HttpRequest | None = None, **sent: Any) -> None:
    """Record a sign-out, except of a request without a session."""
    if user is not None:
        record_own_act(Action.SIGNED_OUT, user, request)


def record_own_act(action: AuditRecord.Action, user: User, request: HttpRequest | None, words: str = "") -> None:
    """Record an act of a person on their own account."""
    record = user.entry(action, words)
    record.actor, record.actor_id, record.address = user.username, user.pk, address_of(request)
    record.save()


def record_failed_sign_in(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **sent: Any
) -> None:
    """Record a failed sign-in: one row for each name and address within an hour, with a count.

    After MOST_FAILURES such rows in the hour, further ones are counted by name only if an account has that name, and
    otherwise all together. So invented names neither fill the table nor hide attempts on real accounts.
    """
    name, address = printable_text(str(credentials.get("username", "")))[:LONGEST_NAME], address_of(request)
    recent = AuditRecord.objects.filter(action=Action.SIGN_IN_FAILED, recorded_at__gt=Now() - FAILURES_COUNTED_FOR)
    if increment_count(recent, name, address):
        return
    if recent.count() >= MOST_FAILURES:
        name, address = (name if User.objects.filter(username=name).exists() else ""), ""
        if increment_count(recent, name, address):
            return
    organisation = User.objects.filter(username=name).values_list("organisation_id", flat=True).first()
    record = unsaved_entry(Action.SIGN_IN_FAILED, target=name, organisation=organisation)
    record.actor, record.actor_id, record.address = "", None, address
    record.save()


def increment_count(recent: models.QuerySet[AuditRecord], name: str, address: str) -> bool:
    """Add one to the count of the row with this name and address; return False if there is no such row."""
    return bool(recent.filter(target=name, address=address).update(count=F("count") + 1))


# -- rights ----------------------------------------------------------------------------------------
def record_rights_change(
    sender: Any, instance: Any, action: str, model: Any, pk_set: set[Any] | None, using: str, **sent: Any
) -> None:
    """Record which holders got or lost which roles or permissions, from whichever side of the relation it was changed.

    During a migrate the models are historical: the table is recognised by its name, and the log may not exist yet.
    """
    pair = RIGHTS.get(sender._meta.label_lower)
    if (
        pair is None
        or action not in ("post_add", "pre_remove", "pre_clear")
        or not has_table("auditrecord", sender._meta.apps)
    ):
        return
    rows = sender._base_manager.using(using).filter(**{f"{instance._meta.model_name}_id": instance.pk})
    if pk_set is not None:
        rows = rows.filter(**{f"{model._meta.model_name}_id__in": pk_set})
    write_records(rights_records(rows, *pair, given=action == "post_add"), using)


def has_table(name: str, apps: Any) -> bool:
    """Return True if this table of accounts exists among these (possibly historical) models."""
    return name in apps.all_models["accounts"]


def rights_records(rows: models.QuerySet[Any], holder: str, right: str, *, given: bool) -> list[AuditRecord]:
    """Return an unsaved entry for each holder, with the rights of these rows."""
    rights = defaultdict(list)
    for pk, name, *parts in rows.values_list(f"{holder}_id", *NAMES[holder], *NAMES[right]):
        rights[pk, name].append(".".join(parts))
    holders = [pk for pk, _name in rights] if holder == "user" else []
    organisations = dict(User.objects.filter(pk__in=holders).values_list("pk", "organisation_id"))
    if holder == "group" and has_table("organisationrole", rows.model._meta.apps):
        found = OrganisationRole.objects.filter(group__in=[pk for pk, _name in rights])
        organisations = dict(found.values_list("group_id", "organisation_id"))
    action, word = Action.RIGHTS_GIVEN if given else Action.RIGHTS_TAKEN, "role" if right == "group" else "permission"
    return [
        unsaved_entry(
            action,
            target=name if holder == "user" else role_target(name),
            target_id=pk if holder == "user" else None,
            details=f"{word}: {', '.join(sorted(names))}",
            organisation=organisations.get(pk),
        )
        for (pk, name), names in rights.items()
    ]


def role_target(name: str) -> str:
    """Return the name of a role as the target of an act; the prefix tells it from an account of the same name."""
    return f"role {name}"


# -- roles -----------------------------------------------------------------------------------------
def remember_role_name(sender: Any, instance: Any, using: str, **sent: Any) -> None:
    """Keep the stored name of the role in `former_name`, before it is saved."""
    instance.former_name = Group.objects.using(using).filter(pk=instance.pk).values_list("name", flat=True).first()


def record_role_saved(sender: Any, instance: Any, using: str, created: bool, **sent: Any) -> None:
    """Record that a role was made or renamed."""
    if created:
        write_records([unsaved_entry(Action.ROLE_MADE, target=role_target(instance.name))], using)
    elif instance.name != instance.former_name:
        write_records(
            [
                unsaved_entry(
                    Action.ROLE_CHANGED, target=role_target(instance.name), details=f"before: {instance.former_name}"
                )
            ],
            using,
        )


def record_role_deleted(sender: Any, instance: Any, using: str, **sent: Any) -> None:
    """Record that a role is deleted, and which accounts lose it; one of an organisation has a record of its own."""
    if hasattr(instance, "own_role"):
        return
    holders = ", ".join(instance.user_set.using(using).order_by("username").values_list("username", flat=True))
    details = f"taken from: {holders}" if holders else ""
    write_records([unsaved_entry(Action.ROLE_DELETED, target=role_target(instance.name), details=details)], using)
