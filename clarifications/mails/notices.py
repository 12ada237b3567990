"""Mails to the people for whom a question waits: one notice for each event and person, each sent at least once."""

import logging
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.roles import ANSWERER
from clarifications.addressees import Addressees, addressees_of
from clarifications.mails.letters import mail_for_notice
from clarifications.mails.links import waits_for_person
from clarifications.models import LedgerPosition, Notice, Question, QuestionStatus
from environment import heartbeat
from events.clock import database_now
from events.horizon import final_seq, highest_seq
from events.models import Event
from events.traced import begin_sending, end_sending
from telemetry import metrics

logger = logging.getLogger(__name__)

LEDGER_READER = "notices"
# The events about which people are written to.
NOTIFIED_EVENTS = (
    "CLARIFICATION.QUESTION_ASKED",
    "CLARIFICATION.QUESTION_ASSIGNED",
    "CLARIFICATION.QUESTION_ESCALATED",
    "CLARIFICATION.QUESTION_REMINDED",
)
# The most events that one turn reads and the most mails that it sends: the loop can be stopped only between turns.
MOST_EVENTS = 100
MOST_MAILS = 20
# The position moves on past this many events without a mail, so that no turn looks at the same ones for ever.
MOST_SKIPPED = 1000
# The most people who get a mail about one event.
MOST_RECIPIENTS = 50
# Who can be reached by mail, and wants to be.
WANTS_MAIL = ~Q(email="") & Q(gets_mails=True)
# After an attempt the notice is due again after a wait. The first wait is longer than a slow mail server takes, so no
# other process sends the same mail meanwhile. The wait doubles each time. After a day the mail is given up: the next
# reminder of the question is a mail of its own.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
# In characters; a mail server's error is stored up to this length.
MOST_WORDS = 1000


def send_due_notices() -> int:
    """Create notices for new events, then send the mails that are due. Return the number of mails sent."""
    if not settings.SENDS_MAIL:
        return 0
    create_notices()
    due = Notice.objects.filter(state=Notice.State.PENDING, next_attempt_at__lte=database_now())
    notices = due.select_related("event", "recipient", "question__project").order_by("next_attempt_at", "pk")[
        :MOST_MAILS
    ]
    # A server that fails one mail may fail them all, slowly: the next turn goes on with the next mail.
    settled = takewhile(lambda notice: notice.state != Notice.State.PENDING, map(deliver_notice, notices))
    return sum(notice.state == Notice.State.SENT for notice in settled)


# -- creating notices ------------------------------------------------------------------------------
def create_notices() -> None:
    """Create a pending notice for each new event and recipient, and move the position, in one transaction.

    The recipients are looked up before the transaction: that takes many queries, and on SQLite an open transaction
    stops every other writer.
    """
    position, now, final = position_of(LEDGER_READER), database_now(), final_seq()
    events = unread_events(position, final)
    read_to = events[-1].seq if len(events) == MOST_EVENTS else final
    if not events and read_to - position < MOST_SKIPPED:
        return
    notices = [notice for event in events for notice in notices_of(event, now)]
    with transaction.atomic():
        own_position = LedgerPosition.objects.filter(reader=LEDGER_READER, seq=position)
        if own_position.update(seq=read_to):  # False if another process has moved the position
            Notice.objects.bulk_create(notices, ignore_conflicts=True)


def position_of(reader: str) -> int:
    """Return the `seq` of the last event that the reader has handled; a new reader begins after the newest event."""
    if position := LedgerPosition.objects.filter(reader=reader).first():
        return position.seq
    return LedgerPosition.objects.get_or_create(reader=reader, defaults={"seq": highest_seq()})[0].seq


def unread_events(position: int, final: int) -> list[Event]:
    """Return the next events after the position that mails are sent about, up to the number `final`."""
    unread = Event.objects.filter(type__in=NOTIFIED_EVENTS, seq__gt=position, seq__lte=final)
    return list(unread.order_by("seq")[:MOST_EVENTS])


def notices_of(event: Event, now: datetime) -> list[Notice]:
    """Return an unsaved notice for each recipient of the event."""
    question = open_question_of(event)
    if question is None:
        return []
    about = {"event": event, "question": question, "created_at": now, "next_attempt_at": now}
    return [Notice(recipient=user, **about) for user in people_to_tell(question, event, by=WANTS_MAIL)]


def open_question_of(event: Event) -> Question | None:
    """Return the question that the event is about, or None if it is closed."""
    questions = Question.objects.select_related("project", "assigned_to").filter(status=QuestionStatus.OPEN)
    return questions.filter(pk=event.payload["question_id"]).first()


def people_to_tell(question: Question, event: Event, *, by: Q) -> list[User]:
    """Return the people to notify of the event's question, without the person who caused the event."""
    return [user for user in people_to_notify(question, by) if user.get_username() != event.payload.get("assigned_by")]


def people_to_notify(question: Question, by: Q = WANTS_MAIL) -> list[User]:
    """Return the people to write to: the first of these whom `by` can reach and who may answer.

    The person to whom the question is assigned, its group, the requester, the members of the answerer role; for each of
    them who is away, who stands in.
    """
    addressees, group = addressees_of(question, by), question.assigned_group
    of_group = [Q(groups__name=group)] if group else []
    ways = [Q(questions=question), *of_group, Q(projects=question.project), Q(groups__name=ANSWERER)]
    return next(filter(None, (reachable(addressees, way, by) for way in ways)), [])


def reachable(addressees: Addressees, way: Q, by: Q) -> list[User]:
    """Return those of the addressees who are found by `way` and whom `by` can reach, at most MOST_RECIPIENTS."""
    told = addressees.among(User.objects.filter(way))
    return list(User.objects.filter(told, by).order_by("pk").distinct()[:MOST_RECIPIENTS])


# -- sending ---------------------------------------------------------------------------------------
def deliver_notice(notice: Notice) -> Notice:
    """Send the notice's mail and return the notice: SENT, DROPPED if not needed, FAILED, or PENDING to try again.

    No transaction is open while it is sent. After a crash between sending and saving, the mail is sent again with the
    same Message-ID.
    """
    heartbeat.turn("notify")
    if not claim_notice(notice):
        return notice
    if not is_wanted(notice):
        return save_state(notice, Notice.State.DROPPED)
    if is_given_up(notice):
        return save_state(notice, Notice.State.FAILED)
    event = notice.event.envelope()
    span = begin_sending("mail", event)
    try:
        mail_for_notice(notice).send()
    except (OSError, ValueError) as error:  # the server's fault, and an address or a text that no mail can have
        end_sending(span, event, "failed", is_error=True)
        # The server's answer often has the address: it is kept with the notice, and in no log.
        logger.warning("Mail %s about question %s failed: %s", notice.pk, notice.question_id, type(error).__name__)
        return save_state(notice, Notice.State.PENDING, error=str(error)[:MOST_WORDS])
    end_sending(span, event, "sent", is_error=False)
    return save_state(notice, Notice.State.SENT, sent_at=database_now(), error="")


def claim_notice(notice: Notice) -> bool:
    """Claim the notice by compare-and-set on `attempts`, with its next attempt; False if another process was faster."""
    again = database_now() + min(FIRST_WAIT * 2 ** min(notice.attempts, 10), LONGEST_WAIT)
    unclaimed = Notice.objects.filter(pk=notice.pk, state=Notice.State.PENDING, attempts=notice.attempts)
    notice.attempts += 1
    return unclaimed.update(attempts=notice.attempts, next_attempt_at=again) == 1


def is_wanted(notice: Notice) -> bool:
    """Return True if the question still waits for the recipient, who wants mails at their address."""
    wants_mail = bool(notice.recipient.email) and notice.recipient.gets_mails
    return wants_mail and waits_for_person(notice.question, notice.recipient)


def is_given_up(notice: Notice) -> bool:
    """Return True if the mail was tried before and is older than GIVE_UP_AFTER.

    A notice that waited that long because no mail server was set is still tried once.
    """
    return notice.attempts > 1 and database_now() - notice.created_at >= GIVE_UP_AFTER


def save_state(notice: Notice, state: Notice.State, **noted: object) -> Notice:
    """Save the notice's state and the other fields given, and return the notice."""
    for name, value in {"state": state, **noted}.items():
        setattr(notice, name, value)
    notice.save(update_fields=["state", *noted])
    metrics.MAILS.labels("put_off" if state == Notice.State.PENDING else state.value).inc()
    return notice
