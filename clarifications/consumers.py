"""The consumer of clarifications. Each method handles the event type of the same name."""

from collections.abc import Sequence
from uuid import UUID

from backlog.flow.orchestration import project_work
from backlog.selectors import CONTEXTS, projects_named, work_contexts
from backlog.work import ProjectWork
from clarifications import asking, event_door, silence
from clarifications.selectors import load_questions, locked_questions
from events.consumers import StreamConsumer
from events.envelope import Envelope
from events.prepared import Asked

# The events whose handling reads the work context.
WITH_CONTEXT = ("USER.ANSWER_SUBMITTED", "CLARIFICATION.NEEDED")


class ClarificationsConsumer(StreamConsumer):
    """Asks for what workers miss, accepts answers that come as events, and acts on silence at each tick."""

    group = "clarifications"
    open_work = staticmethod(project_work)

    def reads(self, events: Sequence[Envelope]) -> Sequence[Asked]:
        named = projects_named(events)
        return [*locked_questions(named, named), (CONTEXTS, projects_with_context(events))]

    def preload(self, events: Sequence[Envelope], work: ProjectWork) -> None:
        load_questions(work, projects_named(events))
        work_contexts(work, projects_with_context(events))

    def tick(self) -> None:
        silence.act_on_silence()

    def clarification_needed(self, event: Envelope, work: ProjectWork) -> None:
        asking.needed_by_worker(work, event)

    def human_approval_requested(self, event: Envelope, work: ProjectWork) -> None:
        asking.approval_wanted_by_worker(work, event)

    def user_answer_submitted(self, event: Envelope, work: ProjectWork) -> None:
        event_door.receive_answer(work, event)

    def human_approval_submitted(self, event: Envelope, work: ProjectWork) -> None:
        event_door.receive_approval(work, event)


def projects_with_context(events: Sequence[Envelope]) -> set[UUID]:
    """Return the ids of the projects whose work context the handling of these events reads."""
    return projects_named([event for event in events if event.event_type in WITH_CONTEXT])
