"""Follow a project at the terminal until it ends: print a line for each change."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from rich.console import Console
from rich.text import Text

from backlog.flow.orchestration import can_still_move
from backlog.models import Item, Project
from backlog.states import OVER_STATUSES, ItemState, ProjectStatus
from clarifications.models import Question, QuestionStatus
from clarifications.wording import question_title
from console.operator import short_id

# A snapshot takes three queries, so there are at most five queries in a second.
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
    """The project did not end within the time limit."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a project at one moment: its items in order, and its oldest open question."""

    project: Project
    items: list[Item]
    question: Question | None

    @property
    def is_over(self) -> bool:
        """Return True if the project is done, failed or cancelled."""
        return self.project.status in OVER_STATUSES

    @property
    def waits_for_person(self) -> bool:
        """Return True if no item can move until a person has answered."""
        return self.question is not None and not any(moves_by_itself(item) for item in self.items)


def watch_project(project_id: UUID, *, seconds: float) -> Iterator[Snapshot]:
    """Yield a snapshot every PAUSE_SECONDS until the project is over. Raises TookTooLong after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        snapshot = snapshot_of(project_id)
        yield snapshot
        if snapshot.is_over:
            return
        if time.monotonic() > deadline:
            status = str(ProjectStatus(snapshot.project.status).label).lower()
            raise TookTooLong(
                f"The project was not over after {seconds:g} seconds (it is: {status}). Is the system running?"
            )
        time.sleep(PAUSE_SECONDS)


def moves_by_itself(item: Item) -> bool:
    """Return True if the item can move without a person: it needs no dispatch by hand and no approval."""
    is_automatic = item.auto_dispatch or item.state != ItemState.READY
    return can_still_move(item) and is_automatic and item.held_for != Item.Held.APPROVAL


def snapshot_of(project_id: UUID) -> Snapshot:
    """Return the present state of the project; three queries."""
    oldest = Question.objects.filter(project_id=project_id, status=QuestionStatus.OPEN).order_by("asked_at").first()
    items = list(Item.objects.filter(project_id=project_id).order_by("position"))
    return Snapshot(Project.objects.get(pk=project_id), items, oldest)


class Progress:
    """Prints a line for each change since the previous snapshot."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._last_shown: dict[UUID, tuple[str, int]] = {}
        self._shown_questions: set[UUID] = set()

    def show(self, snapshot: Snapshot) -> None:
        """Print a line for each item with a new state or a new tenth of progress, and for a new question."""
        for item in snapshot.items:
            now = (str(item.state), 10 * item.progress_done // max(item.progress_total, 1))
            before = self._last_shown.get(item.pk, (str(ItemState.CREATED), 0))
            if now != before:
                self._last_shown[item.pk] = now
                self.console.print(item_line(item))
        question = snapshot.question
        if question is not None and question.pk not in self._shown_questions:
            self._shown_questions.add(question.pk)
            words = question_title(question)
            self.console.print(Text(f"  Asked: {words} (question {short_id(question.pk)})", style="yellow"))


def item_line(item: Item) -> Text:
    """Return one item as a line: a mark, its title, its state in words with the reason, and its progress in rows."""
    mark, style = MARKS[ItemState(item.state)]
    done = f"  {item.progress_done:,} of {item.progress_total:,} rows" if item.progress_total else ""
    words = str(ItemState(item.state).label) + (
        f": {item.reason}" if item.reason and item.state != ItemState.BLOCKED else ""
    )
    return Text.assemble((f"  {mark} ", style), f"{item.title:<36}", (words, style), (done, "dim"))
