"""Mails to whom a question waits for: noted once for each event and person, sent at least once."""

import logging
import threading
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.roles import ANSWERER
from clarifications.mails.letters import letter
from clarifications.mails.links import waits_for_person
from clarifications.models import LedgerPosition, Notice, Question, QuestionStatus
from clarifications.selectors import people_waited_for
from events.clock import database_now
from events.horizon import final_now, newest
from events.isolation import DATABASE_AWAY
from events.models import Event

logger = logging.getLogger(__name__)

READER = "notices"
TOLD = (
    "CLARIFICATION.QUESTION_ASKED",
    "CLARIFICATION.QUESTION_ASSIGNED",
    "CLARIFICATION.QUESTION_ESCALATED",
    "CLARIFICATION.QUESTION_REMINDED",
)
# Events one turn reads, and mails it sends: a stop is heard between turns.
MOST_EVENTS = 100
MOST_MAILS = 20
# A question that waits for everybody is not everybody's mail.
MOST_RECIPIENTS = 50
# A mail in hand belongs to its sender for the first wait, which is longer than a slow server takes; then it is tried
# again, each time twice as long after, and given up after a day: the reminder says it again.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
# Of what a server says of its failure.
MOST_WORDS = 1000
# How long the loop rests when a turn found nothing.
REST_SECONDS = 1.0


def notify_until(stopping: threading.Event) -> None:
    """Take turns until told to stop."""
    while not stopping.is_set():
        try:
            sent = send_due()
        except DATABASE_AWAY as error:
            logger.warning("The mails wait: %s", error)
            sent = 0
        close_old_connections()
        if not sent:
            stopping.wait(REST_SECONDS)


def send_due() -> int:
    """One turn: note whom new events concern, then send what is due. Returns how many mails were sent."""
    if not settings.SENDS_MAIL:
        return 0
    note_new()
    due = Notice.objects.filter(state=Notice.State.PENDING, next_attempt_at__lte=database_now())
    found = due.select_related("event", "recipient", "question__project").order_by("next_attempt_at", "pk")[:MOST_MAILS]
    # A server that fails one mail may fail them all, slowly: the next turn goes on with the next mail.
    settled = takewhile(lambda notice: notice.state != Notice.State.PENDING, map(deliver, found))
    return sum(notice.state == Notice.State.SENT for notice in settled)


# -- noting ----------------------------------------------------------------------------------------
def note_new() -> None:
    """Make a pending notice for each person whom new events concern, and move on, in one transaction.

    Whom they concern is looked up before it: that takes many queries, and nobody else can write meanwhile.
    """
    position, now = position_of(READER), database_now()
    events = unread(position)
    if not events:
        return
    notices = [notice for event in events for notice in notices_of(event, now)]
    with transaction.atomic():
        here = LedgerPosition.objects.filter(reader=READER, seq=position)
        if here.update(seq=events[-1].seq):  # otherwise another process has taken them
            Notice.objects.bulk_create(notices, ignore_conflicts=True)


def position_of(reader: str) -> int:
    """How far the reader has come; a new one begins after the newest event."""
    if position := LedgerPosition.objects.filter(reader=reader).first():
        return position.seq
    return LedgerPosition.objects.get_or_create(reader=reader, defaults={"seq": newest()})[0].seq


def unread(position: int) -> list[Event]:
    """The next events that concern people, as far as the ledger is final."""
    final = Event.objects.filter(type__in=TOLD, seq__gt=position, seq__lte=final_now())
    return list(final.order_by("seq")[:MOST_EVENTS])


def notices_of(event: Event, now: datetime) -> list[Notice]:
    """A notice for each person whom the question of this event waits for, except who caused it."""
    questions = Question.objects.select_related("project", "assigned_to").filter(status=QuestionStatus.OPEN)
    question = questions.filter(pk=event.payload["question_id"]).first()
    if question is None:
        return []
    people = [user for user in people_to_tell(question) if user.get_username() != event.payload.get("assigned_by")]
    about = {"event": event, "question": question, "created_at": now, "next_attempt_at": now}
    return [Notice(recipient=user, **about) for user in people]


def people_to_tell(question: Question) -> list[User]:
    """Whom the question waits for: its holder, its group, the requester, or those who answer for a living."""
    if holder := able(question, User.objects.filter(questions=question)):
        return holder
    group = question.assigned_group
    if group and (members := able(question, User.objects.filter(groups__name=group))):
        return members
    requester = able(question, User.objects.filter(projects=question.project))
    return requester or able(question, User.objects.filter(groups__name=ANSWERER))


def able(question: Question, people: QuerySet[User]) -> list[User]:
    """Of these people those who can be written to and for whom the question waits, up to a bound; a few queries."""
    waited_for = people_waited_for(question).values("pk")
    return list(people.filter(~Q(email=""), pk__in=waited_for).order_by("pk").distinct()[:MOST_RECIPIENTS])


# -- sending ---------------------------------------------------------------------------------------
def deliver(notice: Notice) -> Notice:
    """Send it, drop it when it is not needed, or note why it failed: PENDING says that it is to be tried again.

    No transaction is open meanwhile. A crash after the server took it sends it again, with the same id.
    """
    if not taken(notice):
        return notice
    if not wanted(notice):
        return settle(notice, Notice.State.DROPPED)
    if given_up(notice):
        return settle(notice, Notice.State.FAILED)
    try:
        letter(notice).send()
    except (OSError, ValueError) as error:  # the server's fault, and an address or a text that no mail can have
        logger.warning("Mail %s for “%s” failed: %s", notice.pk, notice.question.title, error)
        return settle(notice, Notice.State.PENDING, error=str(error)[:MOST_WORDS])
    return settle(notice, Notice.State.SENT, sent_at=database_now(), error="")


def taken(notice: Notice) -> bool:
    """Whether this process has the mail in hand now, and no other one; it is due again after a wait."""
    again = database_now() + min(FIRST_WAIT * 2 ** min(notice.attempts, 10), LONGEST_WAIT)
    same = Notice.objects.filter(pk=notice.pk, state=Notice.State.PENDING, attempts=notice.attempts)
    notice.attempts += 1
    return same.update(attempts=notice.attempts, next_attempt_at=again) == 1


def wanted(notice: Notice) -> bool:
    """Whether the question still waits for the person, and there is an address to write to."""
    return bool(notice.recipient.email) and waits_for_person(notice.question, notice.recipient)


def given_up(notice: Notice) -> bool:
    """Whether it has been tried in vain for a day; one that waited for a mail server to be set has not."""
    return notice.attempts > 1 and database_now() - notice.created_at >= GIVE_UP_AFTER


def settle(notice: Notice, state: Notice.State, **noted: object) -> Notice:
    """Keep the state and what was noted with it."""
    for name, value in {"state": state, **noted}.items():
        setattr(notice, name, value)
    notice.save(update_fields=["state", *noted])
    return notice
