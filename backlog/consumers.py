"""The consumers of the backlog. Each method of OrchestratorConsumer handles the event type of the same name."""

from collections.abc import Sequence
from typing import cast

from django.db import close_old_connections

from backlog import policy
from backlog.flow import due, opening, replies
from backlog.flow.orchestration import project_work
from backlog.selectors import item_of, load_projects, locked_projects, projects_named
from backlog.work import ProjectWork
from events.consumers import BatchConsumer, StreamConsumer, Verdicts
from events.deadletters import elsewhere
from events.envelope import Envelope
from events.isolation import in_halves
from events.prepared import Asked
from events.streams import DEAD_LETTERS_GROUP, Entry
from schemas.payloads.project import ProjectInitialRequestReceived


class DeadLettersConsumer(BatchConsumer):
    """Reads the dead-letter stream: external workers put dispatches there that they could not handle."""

    group = DEAD_LETTERS_GROUP

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        close_old_connections()
        verdicts: Verdicts = {entry.entry_id: None for entry in entries}

        def alone(entry: Entry, error: Exception) -> None:
            verdicts[entry.entry_id] = error

        in_halves(entries, fail_refused_items, alone)
        return verdicts


def fail_refused_items(entries: Sequence[Entry]) -> None:
    """Store the entries as dead letters and fail the items whose dispatches they refuse, in one transaction."""
    with project_work(divisible=len(entries) > 1) as work:
        replies.fail_refused_items(work, elsewhere.save_foreign_letters(entries))


class OrchestratorConsumer(StreamConsumer):
    """Opens projects, applies the workers' replies, and acts on deadlines and retries at each tick."""

    group = "orchestrator"
    open_work = staticmethod(project_work)

    def reads(self, events: Sequence[Envelope]) -> Sequence[Asked]:
        return [*locked_projects(projects_named(events)), (opening.OWNERS, opening.requesters(events))]

    def preload(self, events: Sequence[Envelope], work: ProjectWork) -> None:
        load_projects(work, projects_named(events))
        opening.load_owners(work, opening.requesters(events))

    def tick(self) -> None:
        due.do_what_is_due()

    def project_initial_request_received(self, event: Envelope, work: ProjectWork) -> None:
        request = cast(ProjectInitialRequestReceived, event.payload)
        policy.require_own_figures(request.get("work_context") or {})
        opening.open_project(work, request=request, correlation_id=event.correlation_id)

    def work_item_started(self, event: Envelope, work: ProjectWork) -> None:
        replies.start_item(work, item_of(work, event), event)

    def work_item_progressed(self, event: Envelope, work: ProjectWork) -> None:
        replies.progress_item(work, item_of(work, event), event)

    def deliverable_published(self, event: Envelope, work: ProjectWork) -> None:
        replies.accept_deliverable(work, item_of(work, event), event)

    def work_item_completed(self, event: Envelope, work: ProjectWork) -> None:
        replies.complete_item(work, item_of(work, event), event)

    def work_item_failed(self, event: Envelope, work: ProjectWork) -> None:
        replies.fail_item(work, item_of(work, event), event)
