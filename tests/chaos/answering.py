"""A robot that answers every question and approval, each through one door, and again only where its words were lost."""

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import close_old_connections

from backlog.flow.orchestration import project_work
from clarifications.errors import AlreadyClosed
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import question_in
from clarifications.services import answer_question
from tests.chaos.doors import AlreadyDone, Rest, is_away
from tests.chaos.load import Load
from tests.chaos.templates import ANSWERS
from tests.flows import envelope, put

# Share of the approvals that are rejected at first.
REJECTED = 0.3
ANSWERER = "robot"


@dataclass
class Said:
    """What the robot said about one question: through which door, when, and under which event id."""

    door: str
    answer: Any
    at: float | None = None


class Robot:
    """Answers what is open, a few times a second."""

    def __init__(self, load: Load, rest: Rest, seed: int) -> None:
        self.load, self.rest, self.chance = load, rest, random.Random(seed)
        self.said: dict[UUID, Said] = {}

    def answer_until_ended(self) -> None:
        """Answer until the load ends."""
        while not self.load.ending.wait(0.3):
            try:
                close_old_connections()
                self.answer_open()
            except Exception as error:
                if not is_away(error):
                    self.load.faults.append(error)

    def answer_open(self) -> None:
        """Answer every open question that was not answered yet, or whose answer the broker has lost."""
        for question in Question.objects.filter(status=QuestionStatus.OPEN).order_by("?")[:100]:
            said = self.said.setdefault(question.pk, self.words(question))
            if said.at is None or self.was_lost(said):
                self.say(question, said)

    def was_lost(self, said: Said) -> bool:
        """Return True if the answer was put on the log before the broker lost its data."""
        return said.door == "event" and any(loss > (said.at or 0) for loss in self.load.losses)

    def words(self, question: Question) -> Said:
        """Return what to say about the question, and through which door."""
        if question.kind == Question.Kind.INPUT:
            return Said(self.chance.choice(("rest", "service", "event")), ANSWERS[question.field])
        is_rejected = question.revision == 1 and self.chance.random() < REJECTED
        answer = {"approved": False, "notes": "Once more, please."} if is_rejected else {"approved": True}
        return Said(self.chance.choice(("service", "event")), answer)

    def say(self, question: Question, said: Said) -> None:
        """Say it; somebody who was faster is the robot itself, whose earlier words took effect."""
        with suppress(AlreadyDone, AlreadyClosed):
            {"rest": self.by_rest, "service": self.by_service, "event": self.by_event}[said.door](question, said)
        said.at = time.monotonic()

    def by_rest(self, question: Question, said: Said) -> None:
        self.rest.post(f"questions/{question.pk}/answer", {"answer": said.answer}, key=str(question.pk))

    def by_service(self, question: Question, said: Said) -> None:
        with project_work() as work:
            found = question_in(work, question.pk)
            answer_question(work, question=found, answer=said.answer, by=ANSWERER, door="command")

    def by_event(self, question: Question, said: Said) -> None:
        """Put the answer on the log, with the question's id as the event's: it is the same event each time."""
        about: dict[str, Any] = {"project_id": str(question.project_id)}
        if question.kind == Question.Kind.INPUT:
            kind = "USER.ANSWER_SUBMITTED"
            about |= {"question_id": str(question.pk), "answer": said.answer, "answered_by": ANSWERER}
        else:
            kind, item = "HUMAN.APPROVAL_SUBMITTED", question.blockings.get().item_id
            about |= {"backlog_item_id": str(item), "submitted_by": ANSWERER, **said.answer}
        source = {"service": "chaos", "instance": "1"}
        put(envelope(kind, about, event_id=str(question.pk), source=source))

    def thread(self) -> threading.Thread:
        """Return the robot's thread, not started."""
        return threading.Thread(target=self.answer_until_ended, daemon=True)
