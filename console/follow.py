"""Watching a project until it is over or waits for a person: a line for whatever changed."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from rich.console import Console
from rich.text import Text

from backlog.flow.orchestration import can_still_move
from backlog.models import Item, Project
from backlog.states import OVER, ItemState, ProjectStatus
from clarifications.models import Question, QuestionStatus
from console.operator import short

# Three queries a look, so at most five a second: live to the eye, and nothing to the database.
PAUSE_SECONDS = 0.6

MARKS = {
    ItemState.CREATED: ("·", "dim"),
    ItemState.READY: ("○", "cyan"),
    ItemState.BLOCKED: ("?", "yellow"),
    ItemState.IN_PROGRESS: ("▸", "blue"),
    ItemState.DONE: ("✓", "green"),
    ItemState.FAILED: ("✗", "red"),
    ItemState.CANCELLED: ("–", "dim"),
}


class TookTooLong(Exception):
    """The project was not over in time."""


@dataclass(frozen=True)
class Sight:
    """What one look at a project showed."""

    project: Project
    items: list[Item]
    question: Question | None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.project.status in OVER

    @property
    def stands_still(self) -> bool:
        """Whether nothing more will happen until a person has answered."""
        return self.question is not None and not any(goes_on(item) for item in self.items)


def watch(project_id: UUID, *, seconds: float) -> Iterator[Sight]:
    """Look again and again until the project is over. Raises TookTooLong."""
    deadline = time.monotonic() + seconds
    while True:
        sight = look(project_id)
        yield sight
        if sight.over:
            return
        if time.monotonic() > deadline:
            now = str(ProjectStatus(sight.project.status).label).lower()
            raise TookTooLong(f"The project was not over after {seconds:g} seconds (it is: {now}). Is the system up?")
        time.sleep(PAUSE_SECONDS)


def goes_on(item: Item) -> bool:
    """Whether the item moves without anybody's help."""
    by_itself = item.auto_dispatch or item.state != ItemState.READY
    return can_still_move(item) and by_itself and item.held_for != Item.Held.APPROVAL


def look(project_id: UUID) -> Sight:
    """The project, its items in order, and the oldest open question."""
    asked = Question.objects.filter(project_id=project_id, status=QuestionStatus.OPEN).order_by("asked_at").first()
    items = list(Item.objects.filter(project_id=project_id).order_by("position"))
    return Sight(Project.objects.get(pk=project_id), items, asked)


class Progress:
    """Tells what changed since the last look, a line each."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._told: dict[UUID, tuple[str, int]] = {}
        self._asked: set[UUID] = set()

    def show(self, sight: Sight) -> None:
        """A line for each item whose state, or tenth of progress, changed, and for a question that is new."""
        for item in sight.items:
            now = (str(item.state), 10 * item.progress_done // max(item.progress_total, 1))
            before = self._told.get(item.pk, (str(ItemState.CREATED), 0))
            if now != before:
                self._told[item.pk] = now
                self.console.print(item_line(item))
        if sight.question is not None and sight.question.pk not in self._asked:
            self._asked.add(sight.question.pk)
            self.console.print(
                Text(f"  Asked: {sight.question.title} (question {short(sight.question.pk)})", style="yellow")
            )


def item_line(item: Item) -> Text:
    """One item: a mark, its title, its state in words, and how far it is."""
    mark, style = MARKS[ItemState(item.state)]
    done = f"  {item.progress_done:,} of {item.progress_total:,} rows" if item.progress_total else ""
    words = str(ItemState(item.state).label) + (
        f": {item.reason}" if item.reason and item.state != ItemState.BLOCKED else ""
    )
    return Text.assemble((f"  {mark} ", style), f"{item.title:<36}", (words, style), (done, "dim"))
