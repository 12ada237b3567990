"""Posts each question that is asked to the chats that are set, in the order of the ledger, each at least once.

A chat has a position in the ledger, moved after the message was taken; a crash between the two posts it once more. What
a chat refuses for ever is left out; while it is not available, its position waits, up to a day for each question.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted

from accounts.organisations import FIRST_ORGANISATION
from chat.errors import Refused
from chat.slack_calls import FAILURES, post_message
from chat.slack_messages import message_about
from chat.teams_cards import card_about, post_card
from clarifications.mails.notices import position_of
from clarifications.models import LedgerPosition, Question, QuestionStatus
from environment.chat import ChatSettings
from events.broker import BROKER_ERRORS
from events.clock import database_now
from events.horizon import final_seq
from events.models import Event

logger = logging.getLogger(__name__)

ASKED = "CLARIFICATION.QUESTION_ASKED"
# One process posts to a chat at a time, for so long at most; after a failure nobody does, for as long.
TURN_SECONDS = 60
PAUSE_SECONDS = 15
GIVE_UP_AFTER = timedelta(hours=24)
# The position moves on past this many events without a question, so that no turn looks at the same ones for ever.
MOST_SKIPPED = 1000

Post = Callable[[Question], None]


def post_due_questions() -> int:
    """Post the next question to each chat. Return how many were posted or left out; 0 while the cache is away."""
    try:
        return sum(post_next(name, post) for name, post in chats(settings.CHAT))
    except (ConnectionInterrupted, *BROKER_ERRORS):
        return 0


def chats(chat: ChatSettings) -> Iterator[tuple[str, Post]]:
    """Yield the name of each chat that is set, and what posts a question to it."""
    if slack := chat.slack:
        yield "slack", lambda question: post_message(slack, message_about(question))
    if chat.teams_url:
        yield "teams", lambda question: post_card(chat.teams_url, card_about(question))


def post_next(name: str, post: Post) -> int:
    """Post the next question to this chat, unless another process does or it rests after a failure. Return 0 or 1."""
    turn = f"chat:turn:{name}"
    if not cache.add(turn, 1, timeout=TURN_SECONDS):
        return 0
    reader = f"chat:{name}"
    position, final = position_of(reader), final_seq()
    event = Event.objects.filter(type=ASKED, seq__gt=position, seq__lte=final).order_by("seq").first()
    is_settled = event is None or settle(name, event, post)
    if is_settled and (event is not None or final - position >= MOST_SKIPPED):
        LedgerPosition.objects.filter(reader=reader, seq=position).update(seq=event.seq if event else final)
    cache.delete(turn) if is_settled else cache.touch(turn, PAUSE_SECONDS)
    return int(event is not None and is_settled)


def settle(name: str, event: Event, post: Post) -> bool:
    """Post the event's question, if it is still open. Return False if it is to be tried again.

    A chat is the installation's: it gets questions of the first organisation, and of no other.
    """
    own = Question.objects.filter(project__organisation=FIRST_ORGANISATION, status=QuestionStatus.OPEN)
    question = own.select_related("project").filter(pk=event.payload["question_id"]).first()
    if question is None:
        return True
    try:
        post(question)
    except (Refused, *FAILURES) as error:
        may_pass = not isinstance(error, Refused) or error.may_pass
        is_old = database_now() - event.recorded_at >= GIVE_UP_AFTER
        # An error of the network may name the address of the webhook, which is a secret.
        why = error.code if isinstance(error, Refused) else type(error).__name__
        logger.warning("Question %s was not posted to %s: %s", question.pk, name, why)
        return not may_pass or is_old
    return True
