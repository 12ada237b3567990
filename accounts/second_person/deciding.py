"""Asks for an act, and settles what was asked: each is on record in the audit log, with both names."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit import AuditRecord, unsaved_entry
from accounts.mails import mail_after_commit
from accounts.models import User
from accounts.second_person.models import AskedAct
from accounts.walls import is_within

# A weekend: what nobody has confirmed by then has to be asked for again.
WAITS_FOR = timedelta(hours=72)
# The right that both people need for an act.
RIGHTS = {"waive": "backlog.change_item", "erase": "accounts.change_user"}
# So many people get a mail about what was asked.
MOST_MAILED = 10
State = AskedAct.State
Action = AuditRecord.Action


class SecondPersonRefused(Exception):
    """Nothing was settled; the message says why, and what to do."""


@dataclass(frozen=True)
class Wish:
    """An act that somebody wants: of what, why, and in which organisation."""

    act: str
    subject: str
    title: str
    reason: str
    organisation: int
    parameters: dict[str, object] = field(default_factory=dict)


def needs_second_person(act: str) -> bool:
    """Return True if FOUR_EYES names the act: `waive` or `erase`."""
    return act in settings.SIGN_IN.four_eyes


@transaction.atomic
def ask(wish: Wish, *, by: User | None, by_name: str) -> AskedAct:
    """Store the wish; return its row, which is an older one if the same act waits for a second person already.

    `by` is None at the command line, whose user `by_name` names. Those who may confirm get a mail.
    """
    now = timezone.now()
    expire(AskedAct.objects.filter(act=wish.act, subject=wish.subject, expires_at__lte=now))
    asked, is_new = AskedAct.objects.get_or_create(
        act=wish.act,
        subject=wish.subject,
        state=State.WAITING,
        defaults={
            "title": wish.title[:300],
            "parameters": wish.parameters,
            "reason": wish.reason,
            "asker": by,
            "asked_by": by_name,
            "asked_at": now,
            "expires_at": now + WAITS_FOR,
            "organisation_id": wish.organisation,
        },
    )
    if is_new:
        record(asked, Action.ACT_ASKED, f"asked by {by_name}; reason: {wish.reason}")
        mail_who_may_confirm(asked)
    return asked


def waiting_in_words(asked: AskedAct) -> str:
    """Return what is said to who asked: nothing happened yet, who can confirm, until when and where."""
    words = _(
        "%(what)s waits for a second person: nothing has happened yet. Another person with the same right (%(right)s) "
        "confirms or rejects it until %(until)s on %(page)s."
    )
    until = timezone.localtime(asked.expires_at).strftime("%Y-%m-%d %H:%M %Z")
    return words % {"what": asked, "right": RIGHTS[asked.act], "until": until, "page": page_of(asked)}


def page_of(asked: AskedAct) -> str:
    """Return the address of the page on which a second person decides."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("admin:accounts_askedact_change", args=[asked.pk])


# -- the second person -----------------------------------------------------------------------------
def confirm(asked: AskedAct, *, by: User) -> None:
    """Settle what was asked as confirmed; the caller carries it out in the same transaction.

    Raises SecondPersonRefused, also if the account that asked has lost the right since: then nothing changed.
    """
    require_second(asked, by)
    require_right_of_first(asked)
    settle(asked, State.CONFIRMED, by=by)
    record(asked, Action.ACT_CONFIRMED, f"asked by {asked.asked_by}; confirmed by {by}; reason: {asked.reason}")


@transaction.atomic
def reject(asked: AskedAct, *, by: User) -> None:
    """Settle what was asked as rejected: it is not carried out. Raises SecondPersonRefused."""
    require_second(asked, by)
    settle(asked, State.REJECTED, by=by)
    record(asked, Action.ACT_REJECTED, f"asked by {asked.asked_by}; rejected by {by}; reason: {asked.reason}")


def settle(asked: AskedAct, state: str, *, by: User) -> None:
    """Settle the row by compare-and-set. Raises SecondPersonRefused if it waits no more, or waited too long."""
    now = timezone.now()
    waiting = AskedAct.objects.filter(pk=asked.pk, state=State.WAITING, expires_at__gt=now)
    # What it was to be done with names people, and nobody needs it any more.
    if not waiting.update(state=state, settled_by=by.get_username(), settled_at=now, parameters={}):
        raise SecondPersonRefused(_("This was decided already, or has waited too long: look at the list again."))


def may_decide(asked: AskedAct, by: User) -> bool:
    """Return True if the account may confirm or reject: a person with the right, and not the one who asked."""
    has_right = by.is_active and not by.is_service and by.key is None and by.has_perm(RIGHTS[asked.act])
    return has_right and is_within(by, asked.organisation_id) and not is_same_person(asked.asker, by)


def require_second(asked: AskedAct, by: User) -> None:
    """Raise SecondPersonRefused unless `may_decide`."""
    if is_same_person(asked.asker, by):
        raise SecondPersonRefused(_("You asked for this yourself: another person has to confirm or reject it."))
    if not may_decide(asked, by):
        words = _("Only a person with the right %(right)s may decide this.")
        raise SecondPersonRefused(words % {"right": RIGHTS[asked.act]})


def require_right_of_first(asked: AskedAct) -> None:
    """Raise SecondPersonRefused if the account that asked is deactivated, or has lost the right, since it asked."""
    first = User.objects.filter(pk=asked.asker_id).first() if asked.asker_id else None
    if asked.asker_id and (first is None or first.is_service or not first.has_perm(RIGHTS[asked.act])):
        words = _("%(who)s, who asked for this, does not have the right to it any more: nothing was done.")
        raise SecondPersonRefused(words % {"who": asked.asked_by})


def is_same_person(first: User | None, second: User) -> bool:
    """Return True for one account, whatever it is called now, and for two accounts of one person."""
    return first is not None and (first.home_id or first.pk) == (second.home_id or second.pk)


# -- record and mails ------------------------------------------------------------------------------
@transaction.atomic
def expire(rows: QuerySet[AskedAct]) -> int:
    """Settle those of the rows that still wait as expired, on record; return how many there were."""
    expired = list(rows.filter(state=State.WAITING).select_for_update(of=("self",)))
    AskedAct.objects.filter(pk__in=[asked.pk for asked in expired]).update(
        state=State.EXPIRED, settled_at=timezone.now(), parameters={}
    )
    entries = [entry_about(asked, Action.ACT_EXPIRED, f"asked by {asked.asked_by}") for asked in expired]
    AuditRecord.objects.bulk_create(entries)
    return len(expired)


def record(asked: AskedAct, action: AuditRecord.Action, details: str) -> None:
    """Write into the audit log what happened to the row."""
    entry_about(asked, action, details).save()


def entry_about(asked: AskedAct, action: AuditRecord.Action, details: str) -> AuditRecord:
    """Return an unsaved entry of the audit log about the row."""
    return unsaved_entry(
        action,
        target=asked.title,
        target_id=int(asked.subject) if asked.act == AskedAct.Act.ERASE else None,
        details=f"{asked.act} {asked.subject}: {details}",
        organisation=asked.organisation_id,
    )


def mail_who_may_confirm(asked: AskedAct) -> None:
    """Mail people of the organisation who have the right, after the commit; at most MOST_MAILED."""
    app, _dot, name = RIGHTS[asked.act].partition(".")
    right = {"groups__permissions__content_type__app_label": app, "groups__permissions__codename": name}
    people = User.objects.filter(is_active=True, is_service=False, organisation=asked.organisation_id, **right)
    involved = [str(asked.asker_id), asked.subject if asked.act == AskedAct.Act.ERASE else ""]
    others = people.exclude(email="").exclude(pk__in=[int(number) for number in involved if number.isdecimal()])
    for person in others.distinct()[:MOST_MAILED]:
        with override(person.language or None):
            words = _("%(who)s asks for this: %(what)s. Another person has to confirm or reject it: %(page)s")
            values = {"who": asked.asked_by, "what": asked, "page": page_of(asked)}
            mail_after_commit(person, _("Something waits for a second person"), words % values)
