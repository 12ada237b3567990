"""The parts of the staff's home page, as its templates get them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.safestring import SafeString

from staff.throughput import Hour


@dataclass(frozen=True)
class Figure:
    """How many there are, and the list of just those; `key` is unique on the page and `state` picks a colour."""

    key: str
    words: str
    count: int
    url: str
    state: str = ""
    more: bool = False  # there may be more than were counted

    @property
    def text(self) -> str:
        """The number as the reader writes it."""
        return number_format(self.count, use_l10n=True, force_grouping=True) + ("+" if self.more else "")


@dataclass(frozen=True)
class Questions:
    """The open questions, by their age and by whom they wait for."""

    total: Figure
    overdue: Figure
    ages: list[Figure]
    holders: list[Figure]


@dataclass(frozen=True)
class Projects:
    """The projects that are not done, and those finished in the last 24 hours; `none_yet` when there never was one."""

    states: list[Figure]
    finished: Figure
    none_yet: bool


@dataclass(frozen=True)
class AgentLine:
    """One agent's active items: all of them, and a figure for each active state."""

    agent: str
    total: Figure
    states: list[Figure]


@dataclass(frozen=True)
class Items:
    """The active items by agent, the busiest first; `unnamed` is how many agents are left out."""

    states: list[str]
    agents: list[AgentLine]
    unnamed: int
    plot: SafeString


@dataclass(frozen=True)
class Flow:
    """Throughput and lead time of the last 24 hours; each hour with the list of what was finished in it."""

    summary: str
    hours: list[tuple[Hour, str]]
    plots: list[SafeString]
    bounded: bool  # more were finished than are looked at


@dataclass(frozen=True)
class GroupLine:
    """How far a consumer group has read: entries it has not been given, and entries it has not settled."""

    stream: str
    group: str
    lag: int | None
    pending: int
    url: str


@dataclass(frozen=True)
class Streams:
    """Every consumer group, or that the broker is away."""

    groups: list[GroupLine]
    away: bool


@dataclass(frozen=True)
class LetterLine:
    """One open dead letter."""

    what: str
    reason: str
    seen: datetime
    url: str


@dataclass(frozen=True)
class DeadLetters:
    """The open dead letters, and the newest of them."""

    total: Figure
    newest: list[LetterLine]
    set_aside: Figure  # projects for which a round of the clock failed


@dataclass(frozen=True)
class Overview:
    """What this person may see of it; None for a part that they may not."""

    questions: Questions | None
    projects: Projects | None
    items: Items | None
    flow: Flow | None
    streams: Streams | None
    letters: DeadLetters | None

    @property
    def is_empty(self) -> bool:
        """Whether the person may see no part at all."""
        return not any((self.questions, self.projects, self.items, self.flow, self.streams, self.letters))
