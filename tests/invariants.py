"""What must hold after every test, whatever happened: looked up in the database and at the broker."""

from collections import Counter

from django.db.models import Count, F

from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from clarifications.models import Answer, QuestionStatus
from events import outbox, streams
from events.models import DeadLetter, Event


def violations(*, dead_letters: int = 0, at_rest: bool = True) -> list[str]:
    """Every promise that is broken, in words; an empty list when all hold."""
    found = [*broken_in_the_ledger(), *broken_in_the_domain(dead_letters)]
    return found + (left_at_the_broker() if at_rest else [])


def broken_in_the_ledger() -> list[str]:
    """An event has one row; what is claimed has its effect; a command is answered, superseded or open."""
    twice = Event.objects.values("event_id").annotate(rows=Count("seq")).filter(rows__gt=1).count()
    reviews = Event.objects.filter(type="WORK.ITEM_REVIEWED", payload__outcome="accepted")
    per_item = Counter(reviews.values_list("payload__backlog_item_id", flat=True))
    unpublished = len(outbox.unpublished())
    return [
        *([f"{twice} events have two rows"] if twice else []),
        *(f"item {item} was accepted {times} times" for item, times in per_item.items() if times > 1),
        *([f"{unpublished} events were never published"] if unpublished else []),
    ]


def broken_in_the_domain(dead_letters: int) -> list[str]:
    """States agree with the ledger; a question has one answer and one event for it."""
    done = Item.objects.filter(state=ItemState.DONE).count()
    reviewed = Event.objects.filter(type="WORK.ITEM_REVIEWED", payload__outcome__in=["accepted", "waived"]).count()
    answered = Answer.objects.exclude(question__status=QuestionStatus.ANSWERED).count()
    told = Event.objects.filter(type="CLARIFICATION.ANSWER_PROVIDED").count()
    completed = Event.objects.filter(type="PROJECT.COMPLETED").count()
    buried = DeadLetter.objects.count()
    answers = Answer.objects.count()
    finished = Project.objects.filter(status=ProjectStatus.DONE).count()
    return [
        *([f"{done} items are done, {reviewed} were reviewed"] if done != reviewed else []),
        *([f"{answered} answers belong to unanswered questions"] if answered else []),
        *([f"{answers} answers, {told} events for them"] if answers != told else []),
        *([f"{finished} projects are done, {completed} said so"] if finished != completed else []),
        *([f"{buried} dead letters, {dead_letters} expected"] if buried != dead_letters else []),
        *(f"{i} failed more often than it may" for i in Item.objects.filter(failures__gt=F("max_attempts"))),
    ]


def left_at_the_broker() -> list[str]:
    """At rest nothing is pending and every group is at the end of its stream."""
    names = streams.own_streams()
    groups = [(name, group) for name in dict.fromkeys(names) for group in streams.groups(name)]
    return [
        f"{name}, {group.name}: {group.pending} pending, lag {group.lag}"
        for name, group in groups
        if group.pending or group.lag
    ]
