"""What the clarifications group hears: the list of methods is the wiring table."""

from collections.abc import Sequence

from backlog.selectors import load_projects
from clarifications import asking, event_door, silence
from clarifications.selectors import load_questions
from events.consumers import StreamConsumer
from events.envelope import Envelope
from events.work import UnitOfWork


class ClarificationsConsumer(StreamConsumer):
    """Asks what workers miss and takes the answers that come as events."""

    group = "clarifications"

    def preload(self, events: Sequence[Envelope], work: UnitOfWork) -> None:
        named = {event.project_id for event in events if event.project_id}
        load_projects(work, named)
        load_questions(work, named)

    def tick(self) -> None:
        silence.act_on_silence()

    def clarification_needed(self, event: Envelope, work: UnitOfWork) -> None:
        asking.needed_by_worker(work, event)

    def human_approval_requested(self, event: Envelope, work: UnitOfWork) -> None:
        asking.approval_wanted_by_worker(work, event)

    def user_answer_submitted(self, event: Envelope, work: UnitOfWork) -> None:
        event_door.receive_answer(work, event)

    def human_approval_submitted(self, event: Envelope, work: UnitOfWork) -> None:
        event_door.receive_approval(work, event)
