"""The unit of work on projects. It records which projects changed, so that consequences follow once, at its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.absences.reading import Absent
from accounts.models import AskedAct, User
from accounts.quotas import Quota
from backlog.models import Item, ModelGrant, ModelSwitch, Project, Template
from events.ledger import Record
from events.work import UnitOfWork


@dataclass(frozen=True)
class ToldCall:
    """A call to a language model, as a worker told it; `spent` is in millionths of a US dollar."""

    use: str
    provider: str
    model: str
    spent: int


@dataclass
class Changes:
    """The changes of one unit of work that `flow.orchestration.advance_projects` has not handled yet, by id."""

    projects: dict[UUID, Project] = field(default_factory=dict)
    opened: list[Project] = field(default_factory=list)
    held: dict[UUID, Item] = field(default_factory=dict)
    cancelled: dict[UUID, Item] = field(default_factory=dict)
    # By the id of the dispatch: the calls to language models that were made for it.
    model_calls: dict[UUID, list[ToldCall]] = field(default_factory=dict)


class ProjectWork(UnitOfWork):
    """A unit of work that records which projects it changes.

    Open one with `flow.orchestration.project_work`, which advances the changed projects before the work is written.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changes = Changes()
        # What this work only asked for, since two people decide of it (FOUR_EYES).
        self.asked: AskedAct | None = None
        # The id of the event that changed each project last: it becomes the causation_id of the events that follow.
        self.causes: dict[UUID, UUID | None] = {}
        # Caches of this work: ids of projects whose items or questions are loaded, owners by name, templates by
        # organisation and name.
        self.projects_loaded: set[UUID] = set()
        self.questions_loaded: set[UUID] = set()
        self.owners: dict[str, User | None] = {}
        self.templates: dict[tuple[int, str], Template] = {}
        # By organisation: its quota, locked; None for one without.
        self.quotas: dict[int, Quota | None] = {}
        # By organisation: its switch of language models, None if it has none.
        self.model_switches: dict[int, ModelSwitch | None] = {}
        # What this work adds to the amounts that grants count as spent, or takes from them; not in the database yet.
        self.model_amounts: list[tuple[ModelGrant, int]] = []
        # By the name of a person: the ids of the questions that they may answer.
        self.answerable: dict[str | None, set[UUID]] = {}
        # By number: people who are away, of the organisations of these projects.
        self.absent: dict[int, Absent] = {}
        self.absences_loaded: set[UUID] = set()

    def note_change(self, project: Project) -> None:
        """Mark the project as changed, so that it is advanced at the end of this work, caused by the current event."""
        self.causes[project.pk] = self.cause or self.causes.get(project.pk)
        self.changes.projects[project.pk] = project

    def pop_changes(self) -> Changes:
        """Return the changes since the last call and start with an empty record."""
        taken, self.changes = self.changes, Changes()
        return taken

    def emit_about(self, project: Project, event_type: str, payload: Mapping[str, object], **options: Any) -> Record:
        """Emit an event about the project; its cause is the current event, or the one that changed the project last."""
        return self.emit(
            event_type,
            payload,
            correlation_id=project.correlation_id,
            causation_id=self.cause or self.causes.get(project.pk),
            **options,
        )
