"""The consumer of clarifications. Each method handles the event type of the same name."""

from collections.abc import Sequence
from uuid import UUID

from backlog.flow.orchestration import project_work
from backlog.selectors import CONTEXTS, projects_named, work_contexts
from backlog.work import ProjectWork
from clarifications import asking, event_door, silence
from clarifications.selectors import load_questions, locked_questions
from clarifications.standing_in import ABSENCES_AT, load_absences
from events.consumers import StreamConsumer
from events.envelope import Envelope
from events.prepared import Asked

# The events whose handling reads the work context, and who is away.
WITH_CONTEXT = ("USER.ANSWER_SUBMITTED", "CLARIFICATION.NEEDED")
WITH_ABSENCES = ("USER.ANSWER_SUBMITTED", "HUMAN.APPROVAL_SUBMITTED")


class ClarificationsConsumer(StreamConsumer):
    """Asks for what workers miss, accepts answers that come as events, and acts on silence at each tick."""

    group = "clarifications"
    open_work = staticmethod(project_work)

    def reads(self, events: Sequence[Envelope]) -> Sequence[Asked]:
        named = projects_named(events)
        others = [(CONTEXTS, named_in(events, WITH_CONTEXT)), (ABSENCES_AT, named_in(events, WITH_ABSENCES))]
        return [*locked_questions(named, named), *others]

    def preload(self, events: Sequence[Envelope], work: ProjectWork) -> None:
        load_questions(work, projects_named(events))
        work_contexts(work, named_in(events, WITH_CONTEXT))
        load_absences(work, named_in(events, WITH_ABSENCES))

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


def named_in(events: Sequence[Envelope], types: Sequence[str]) -> set[UUID]:
    """Return the ids of the projects that events of these types name."""
    return projects_named([event for event in events if event.event_type in types])
