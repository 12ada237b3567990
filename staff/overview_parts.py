"""The data of the overview, as its templates receive them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.safestring import SafeString

from staff.throughput import Hour


@dataclass(frozen=True)
class Figure:
    """A count and the address of the list of exactly those rows.

    `key` is unique on the page, `state` selects a colour.
    """

    key: str
    words: str
    count: int
    url: str
    state: str = ""
    more: bool = False  # True if counting stopped at a limit, so there may be more

    @property
    def text(self) -> str:
        """Return the count in the reader's format, with `+` if there may be more."""
        return number_format(self.count, use_l10n=True, force_grouping=True) + ("+" if self.more else "")


@dataclass(frozen=True)
class Questions:
    """The open questions, counted by their age and by whom they wait for."""

    total: Figure
    overdue: Figure
    ages: list[Figure]
    holders: list[Figure]


@dataclass(frozen=True)
class Projects:
    """The unfinished and failed projects, and those finished in 24 hours; `none_yet` if no project exists at all."""

    states: list[Figure]
    finished: Figure
    none_yet: bool


@dataclass(frozen=True)
class AgentLine:
    """One agent's active items: the total, and a figure for each active state."""

    agent: str
    total: Figure
    states: list[Figure]


@dataclass(frozen=True)
class Items:
    """The active items by agent, the busiest first; `unnamed` is the number of agents that are left out."""

    states: list[str]
    agents: list[AgentLine]
    unnamed: int
    plot: SafeString


@dataclass(frozen=True)
class Flow:
    """Throughput and lead time of the last 24 hours; each hour has the address of the list of its projects."""

    summary: str
    hours: list[tuple[Hour, str]]
    plots: list[SafeString]
    bounded: bool  # True if more projects were finished than were read


@dataclass(frozen=True)
class GroupLine:
    """How far a consumer group has read: `lag` entries are not delivered yet, `pending` ones are not settled yet.

    `unread_since` is set if entries wait for it and nobody has asked for them since.
    """

    stream: str
    group: str
    lag: int | None
    pending: int
    url: str
    unread_since: datetime | None = None


@dataclass(frozen=True)
class Streams:
    """All consumer groups; none, and `away` True, if the broker does not answer."""

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
    """The count of open dead letters, and the newest of them."""

    total: Figure
    newest: list[LetterLine]
    set_aside: Figure  # projects for which a round of the clock failed


@dataclass(frozen=True)
class Overview:
    """The overview of one person; a part that the person may not see is None."""

    questions: Questions | None
    projects: Projects | None
    items: Items | None
    flow: Flow | None
    streams: Streams | None
    letters: DeadLetters | None

    @property
    def is_empty(self) -> bool:
        """Return True if the person may not see any part."""
        return not any((self.questions, self.projects, self.items, self.flow, self.streams, self.letters))
