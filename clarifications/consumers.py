"""The consumer of clarifications. Each method handles the event type of the same name."""

from collections.abc import Sequence

from backlog.flow.orchestration import project_work
from backlog.selectors import load_projects, work_contexts
from backlog.work import ProjectWork
from clarifications import asking, event_door, silence
from clarifications.selectors import load_questions
from events.consumers import StreamConsumer
from events.envelope import Envelope

# The events whose handling reads the work context.
WITH_CONTEXT = ("USER.ANSWER_SUBMITTED", "CLARIFICATION.NEEDED")


class ClarificationsConsumer(StreamConsumer):
    """Asks for what workers miss, accepts answers that come as events, and acts on silence at each tick."""

    group = "clarifications"
    open_work = staticmethod(project_work)

    def preload(self, events: Sequence[Envelope], work: ProjectWork) -> None:
        named = {event.project_id for event in events if event.project_id}
        load_projects(work, named)
        load_questions(work, named)
        read = (event.project_id for event in events if event.event_type in WITH_CONTEXT)
        work_contexts(work, {project_id for project_id in read if project_id})

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
