"""The unit of work on projects: what it changed, so that what follows from it happens once, before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import User
from backlog.models import Item, Project, Template
from events.models import Event
from events.work import UnitOfWork


@dataclass
class Changes:
    """What happened to projects in one unit of work and was not looked at yet."""

    projects: dict[UUID, Project] = field(default_factory=dict)
    opened: list[Project] = field(default_factory=list)
    held: dict[UUID, Item] = field(default_factory=dict)
    cancelled: dict[UUID, Item] = field(default_factory=dict)


class ProjectWork(UnitOfWork):
    """A unit of work that notes which projects it changes.

    `flow.orchestration.project_work` opens one, and carries the changed projects on before it is written.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changes = Changes()
        # Per project the event that changed it last: what follows is caused by that.
        self.causes: dict[UUID, UUID | None] = {}
        # What was looked up already: projects with their items, the questions of projects, owners and templates.
        self.projects_loaded: set[UUID] = set()
        self.questions_loaded: set[UUID] = set()
        self.owners: dict[str, User | None] = {}
        self.templates: dict[str, Template] = {}

    def note_change(self, project: Project) -> None:
        """Have the project carried on before this work is written; the event at hand is why."""
        self.causes[project.pk] = self.cause or self.causes.get(project.pk)
        self.changes.projects[project.pk] = project

    def take_changes(self) -> Changes:
        """Return what was noted since the last call, and forget it."""
        taken, self.changes = self.changes, Changes()
        return taken

    def emit_about(self, project: Project, event_type: str, payload: Mapping[str, object], **options: Any) -> Event:
        """Emit an event about the project, caused by the event at hand, or by what changed the project last."""
        return self.emit(
            event_type,
            payload,
            correlation_id=project.correlation_id,
            causation_id=self.cause or self.causes.get(project.pk),
            **options,
        )
