"""Of each kind of thing that is pruned: what is older than it is kept, what is younger, and what is still needed."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models

from accounts.attempts import SignInAttempts
from accounts.audit import AuditRecord
from accounts.keys import make_key
from accounts.models import ApiKey, AskedAct, BrowserSession, Letter, User
from api.models import KeptAnswer
from backlog.models import Item, Lease
from clarifications.models import Notice
from events.models import Attempt, DeadLetter, Event, SetAside
from intake.models import QuarantinedFile, RememberedReading, UnreadRows
from reports.models import SharedLink
from tests.aging import a_delivery, a_letter, a_notice, ago, ended_project
from webhooks.models import Delivery, Endpoint

# Days: one more, and one less, than things are kept in these tests.
OLD, YOUNG = 51, 49


def events() -> list[Event]:
    """Three events of a project that is not over."""
    return list(Event.objects.filter(project_id=ended_project(60, status="OPEN").pk))


def user(name: str = "ann") -> User:
    """An account."""
    return User.objects.get_or_create(username=name)[0]


def deliveries() -> set[Any]:
    """Old ones that were made, skipped, given up and wait; a young one."""
    first, *others = events()
    a_delivery(first, created_at=ago(OLD))
    a_delivery(others[0], state="skipped", created_at=ago(OLD))
    more = list(Event.objects.filter(project_id=ended_project(60, status="OPEN").pk))
    stays = [
        a_delivery(others[1], state="given_up", created_at=ago(OLD)),
        a_delivery(more[0], state="pending", created_at=ago(OLD)),
        a_delivery(more[1], created_at=ago(YOUNG)),
    ]
    return {row.pk for row in stays}


def notices() -> set[Any]:
    """An old one that was sent, an old one that waits, a young one."""
    found = events()
    a_notice(found[0], created_at=ago(OLD))
    stays = [a_notice(found[1], state="pending", created_at=ago(OLD)), a_notice(found[2], created_at=ago(YOUNG))]
    return {row.pk for row in stays}


def letters() -> set[Any]:
    """Old ones that were replayed, discarded, and are open; a young one."""
    a_letter(1, state="replayed", days=OLD)
    a_letter(2, state="discarded", days=OLD)
    return {a_letter(3, days=OLD).pk, a_letter(4, state="discarded", days=YOUNG).pk}


def leases() -> set[Any]:
    """An old one of work that is over, an old one of work in progress, a young one."""
    over, working = ended_project(OLD), ended_project(OLD, status="OPEN")
    made: dict[str, Any] = {"holder": "h", "seconds": 60}
    Lease.objects.create(dispatch_id=uuid4(), item=over.items.get(), leased_at=ago(OLD), **made)
    Item.objects.filter(project=working).update(current_dispatch=(dispatch := uuid4()))
    stays = [
        Lease.objects.create(dispatch_id=dispatch, item=working.items.get(), leased_at=ago(OLD), **made),
        Lease.objects.create(dispatch_id=uuid4(), item=over.items.get(), leased_at=ago(YOUNG), **made),
    ]
    return {row.pk for row in stays}


def unread_rows() -> set[Any]:
    """Those of a project that ended long ago, of one that is not over, and of one that ended lately."""
    UnreadRows.objects.create(project=ended_project(OLD))
    stays = [ended_project(OLD, status="OPEN"), ended_project(YOUNG)]
    return {UnreadRows.objects.create(project=project).pk for project in stays}


def attempts() -> set[Any]:
    """One that nothing tries any more, and one that was tried lately."""
    for days in (OLD, YOUNG):
        times = {"first_seen": ago(60), "last_seen": ago(days), "next_attempt_at": ago(days)}
        last = Attempt.objects.create(stream="s", entry_id=f"{days}-0", group="g", **times)
    return {last.pk}


def set_aside() -> set[Any]:
    """One that no round tries any more, and one that was tried lately."""
    for days in (OLD, YOUNG):
        times = {"first_seen": ago(60), "last_seen": ago(days), "next_try_at": ago(days)}
        last = SetAside.objects.create(round="r", project_id=uuid4(), reason="r", **times)
    return {last.pk}


def rest_answers() -> set[Any]:
    """An old one and a young one."""
    for days in (OLD, YOUNG):
        last = KeptAnswer.objects.create(user=user(), key=f"{days}", digest="d")
        KeptAnswer.objects.filter(pk=last.pk).update(created_at=ago(days))
    return {last.pk}


def sessions() -> set[Any]:
    """One that expired long ago, and one that did lately."""
    for days in (OLD, YOUNG):
        last = Session.objects.create(session_key=f"{days}", session_data="", expire_date=ago(days))
    return {last.pk}


def api_keys() -> set[Any]:
    """Ones that expired and were revoked long ago, one that a webhook of then names, one of late, and a live one."""
    made = [make_key(user(), name=f"{number}", scopes=["read"], lifetime=None)[0] for number in range(5)]
    ApiKey.objects.filter(pk__in=[made[0].pk, made[1].pk]).update(expires_at=ago(OLD))
    ApiKey.objects.filter(pk=made[2].pk).update(revoked_at=ago(OLD))
    ApiKey.objects.filter(pk=made[3].pk).update(expires_at=ago(YOUNG))
    Endpoint.objects.create(
        owner=user(), key=made[0], url="https://example.com/", secret="s", position=0, created_at=ago(60)
    )
    return {made[number].pk for number in (0, 3, 4)}


def links() -> set[Any]:
    """Ones that expired and were revoked long ago, and one of late."""
    project = ended_project(1)
    ends = [(ago(OLD), None), (ago(-9), ago(OLD)), (ago(YOUNG), None)]
    for number, (expires, revoked) in enumerate(ends):
        last = SharedLink.objects.create(
            project=project, digest=f"{number}", made_by="ann", expires_at=expires, revoked_at=revoked
        )
    return {last.pk}


def sign_in_attempts() -> set[Any]:
    """One that counts no longer, one of an address that is known, and one of today."""
    SignInAttempts.objects.create(key="old", last_at=ago(2))
    SignInAttempts.objects.create(key="known", last_at=ago(2), succeeded_at=ago(2))
    SignInAttempts.objects.create(key="today", last_at=ago(0.5))
    return {"known", "today"}


def browsers() -> set[Any]:
    """A session that was used last long ago, and one of late."""
    for days in (OLD, YOUNG):
        last = BrowserSession.objects.create(account=user(), session_key=f"{days}", used_at=ago(days))
    return {last.pk}


def unsent_letters() -> set[Any]:
    """An old one and a young one."""
    for days in (OLD, YOUNG):
        last = Letter.objects.create(kind="forgotten", typed_address="a@example.org", created_at=ago(days))
    return {last.pk}


def asked_acts() -> set[Any]:
    """An old one that was confirmed, a young one, and one that waits."""
    for subject, moment in (("1", ago(OLD)), ("2", ago(YOUNG)), ("3", None)):
        AskedAct.objects.create(
            act="erase",
            subject=subject,
            title="t",
            reason="r",
            asked_by="ann",
            organisation_id=1,
            asked_at=ago(OLD),
            expires_at=ago(-1),
            settled_at=moment,
            state="confirmed" if moment else "waiting",
        )
    return set(AskedAct.objects.exclude(subject="1").values_list("pk", flat=True))


def audit_log() -> set[Any]:
    """An old record and a young one."""
    AuditRecord.objects.create(action="signed-in", recorded_at=ago(OLD))
    AuditRecord.objects.create(action="signed-in", recorded_at=ago(YOUNG))
    return set(AuditRecord.objects.filter(recorded_at__gte=ago(50)).values_list("pk", flat=True))


def admins_log() -> set[Any]:
    """An old record and a young one."""
    kind = ContentType.objects.get_for_model(User)
    for days in (OLD, YOUNG):
        last = LogEntry.objects.create(
            user=user(), content_type=kind, object_id="1", object_repr="r", action_flag=2, action_time=ago(days)
        )
    return {last.pk}


def quarantine() -> set[Any]:
    """An old record and a young one."""
    for days in (OLD, YOUNG):
        last = QuarantinedFile.objects.create(
            quarantined_at=ago(days), door="/", name="n", size=9, sha256=f"{days}", reason="r"
        )
    return {last.pk}


def readings() -> set[Any]:
    """An old one and a young one."""
    for days in (OLD, YOUNG):
        last = RememberedReading.objects.create(owner=user(), header=f"{days}", file_name="f", chosen_at=ago(days))
    return {last.pk}


KINDS: dict[str, tuple[type[models.Model], Callable[[], set[Any]]]] = {
    "webhook deliveries": (Delivery, deliveries),
    "notices": (Notice, notices),
    "dead letters": (DeadLetter, letters),
    "leases": (Lease, leases),
    "unread rows": (UnreadRows, unread_rows),
    "attempts": (Attempt, attempts),
    "projects set aside": (SetAside, set_aside),
    "REST answers": (KeptAnswer, rest_answers),
    "sign-in attempts": (SignInAttempts, sign_in_attempts),
    "sessions": (Session, sessions),
    "lists of sessions": (BrowserSession, browsers),
    "unsent letters": (Letter, unsent_letters),
    "API keys": (ApiKey, api_keys),
    "shared links": (SharedLink, links),
    "acts decided by two people": (AskedAct, asked_acts),
    "audit log": (AuditRecord, audit_log),
    "admin's log": (LogEntry, admins_log),
    "quarantine": (QuarantinedFile, quarantine),
    "remembered readings": (RememberedReading, readings),
}
