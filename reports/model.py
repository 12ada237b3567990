"""The model of a report: all that its page, its PDF, its workbook and its JSON document show.

Texts are in the language that was active when the report was built. Numbers are there twice where both are needed: as
a number, for workbooks and scripts, and in words, for people. There is no HTML in it; `reports.drawing` draws plots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

Value = str | int | float | bool | None


class Unit(StrEnum):
    """What a number measures. MONEY is an amount in the currency of the report."""

    NONE = ""
    COUNT = "count"
    FACTOR = "factor"
    HOURS = "hours"
    MINUTES = "minutes"
    PERCENT = "percent"
    MONEY = "money"


class Source(StrEnum):
    """Where an assumption comes from."""

    FILE = "file"
    PERSON = "person"
    TEMPLATE = "template"
    SETTING = "setting"
    DEFAULT = "default"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Figure:
    """One number: `label` says what it is and of which time, `words` is the number with its unit."""

    key: str
    label: str
    value: float
    unit: Unit
    words: str


@dataclass(frozen=True)
class RowsBehind:
    """The rows of the request that a number was computed from; `query` selects them on the page of the rows.

    `by` is "category", "task", "meetings", "short" or "all", and `value` the category or the task's fingerprint.
    `count` is the number of rows where the deliverable tells it.
    """

    by: str
    value: str = ""
    count: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """Return the query of the page that lists the rows."""
        return {"by": self.by, "value": self.value} if self.value else {"by": self.by}

    @property
    def encoded(self) -> str:
        """Return the query as it stands in an address."""
        return urlencode(self.query)


@dataclass(frozen=True)
class Finding:
    """Something that the analyses found: a title, a sentence, its figures, how they were computed, and the rows.

    `hours` and `share_percent` are of the period of the data, `monthly_hours` and `monthly_money` of a month. Whatever
    was not delivered is None. `automatable` is None if nobody judged it; `why` gives the reason in a sentence,
    `why_code` as the agent delivered it. `name_by_model` is the name that a language model gave a task; whatever shows
    it says so.
    """

    key: str
    title: str
    text: str
    hours: float | None = None
    share_percent: float | None = None
    monthly_hours: float | None = None
    monthly_money: float | None = None
    figures: list[Figure] = field(default_factory=list)
    formula: str = ""
    rows: RowsBehind | None = None
    automatable: bool | None = None
    why: str = ""
    why_code: str = ""
    name_by_model: str = ""


@dataclass(frozen=True)
class Plot:
    """The data of a plot; `kind` is "bars", "donut", "line", "heat" or "range".

    `series` holds (label, value) for bars, donut and line; (label of the row, one value a column) for heat, with
    `columns`; and (label, low, middle, high) for range.
    """

    key: str
    kind: str
    title: str
    series: Sequence[tuple[Any, ...]]
    unit: str = ""
    description: str = ""
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class Column:
    """A column of a table: its key in the deliverable, its heading, and what its numbers measure."""

    key: str
    title: str
    unit: Unit = Unit.NONE

    @property
    def is_number(self) -> bool:
        """Return True if the cells are numbers."""
        return self.unit != Unit.NONE


@dataclass(frozen=True)
class Table:
    """A table: raw values in the cells, `left` rows left out, and for each row the rows behind it, where it has some.

    `summed` holds the keys of the columns whose sum is a figure of its own, such as hours and not percentages.
    """

    key: str
    title: str
    columns: list[Column]
    rows: Sequence[Sequence[Value]]
    left: int = 0
    summed: frozenset[str] = frozenset()
    behind: Sequence[RowsBehind | None] = ()


@dataclass(frozen=True)
class Period:
    """The time that the data cover. What the request does not tell is None.

    `words` is the period in one line, `is_stated` is False if nobody said it and no date told it. `months` is the
    length in months by which the analyses turned hours of the period into hours of a month.
    """

    words: str
    type: str = ""
    first: date | None = None
    last: date | None = None
    days: int | None = None
    working_days: int | None = None
    people: int | None = None
    months: float | None = None
    is_stated: bool = True


@dataclass(frozen=True)
class Scenario:
    """What an agent could take over: min(cap, factor × recurring share) of a month's hours, times the hourly rate.

    `recurring_percent` is the share of the rows that recur and are no meetings, where the analysis tells them apart.
    `low_hours` and `high_hours` bound the recovered hours with `level` percent confidence, where they were computed.
    """

    recurring_percent: float
    cap_percent: float
    factor: float
    avoidable_percent: float
    monthly_hours: float
    recovered_hours: float
    hourly_rate: float | None = None
    recovered_monthly_cost: float | None = None
    recovered_annual_cost: float | None = None
    low_hours: float | None = None
    high_hours: float | None = None
    level: float | None = None
    formula: str = ""


@dataclass(frozen=True)
class Assumption:
    """A value that the figures rest on and that the data do not tell: where it comes from, in words and as a code."""

    key: str
    title: str
    words: str
    source: Source
    source_words: str
    value: Value = None
    why: str = ""


@dataclass(frozen=True)
class FileWarning:
    """A warning about the file of the request, with the row and the column that it is about, where it has them."""

    row: int | None
    column: str
    message: str


@dataclass(frozen=True)
class Quality:
    """How good the data are: the file's name, counts, and its warnings; `left` warnings are counted and not listed."""

    file: str = ""
    counts: list[Figure] = field(default_factory=list)
    warnings: list[FileWarning] = field(default_factory=list)
    left: int = 0


@dataclass(frozen=True)
class Answered:
    """The provenance of one field of the request: its value in words, who gave it, when, and through which door."""

    field: str
    title: str
    words: str
    by: str = ""
    door: str = ""
    door_words: str = ""
    at: datetime | None = None
    question_id: str = ""


@dataclass(frozen=True)
class ExecutiveSummary:
    """What a language model wrote about the figures. `title` and `mark` say that, and have to be shown with it.

    If no model wrote one, there are no `sentences`, and `mark` says why. `notes` say what it cost and what was masked.
    """

    title: str
    sentences: list[str]
    is_by_model: bool
    model: str
    mark: str
    notes: list[str]
    cost_usd: float | None = None


@dataclass(frozen=True)
class Section:
    """A deliverable as it is: single values, long texts, tables, and everything else as JSON (`raw`).

    `is_internal` marks what only staff need: the work's own checks, and outputs that say nothing about the request.
    `mark` says that a language model wrote it, and has to be shown with it; empty for everything else.
    """

    kind: str
    title: str
    deliverable_id: UUID
    agent: str
    item_title: str
    delivered_at: datetime
    confidence: float
    is_internal: bool = False
    points: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    raw: Mapping[str, Any] = field(default_factory=dict)
    mark: str = ""


@dataclass(frozen=True)
class DeliveredFile:
    """A deliverable that can be downloaded: as JSON, and each of its `tables` (key, name in words) as CSV."""

    deliverable_id: UUID
    kind: str
    title: str
    tables: list[tuple[str, str]]
    is_internal: bool = False


@dataclass(frozen=True)
class Report:
    """The report of a project.

    `findings` and `recurring` are sorted by hours, the largest first; `main_findings` are the first three findings.
    """

    project_id: UUID
    title: str
    status: str
    status_words: str
    requester: str
    opened_at: datetime
    finished_at: datetime | None
    language: str
    currency: str
    period: Period
    summary: list[str]
    headline: list[Figure]
    findings: list[Finding]
    recurring: list[Finding]
    scenario: Scenario | None
    plots: list[Plot]
    tables: list[Table]
    assumptions: list[Assumption]
    quality: Quality
    provenance: list[Answered]
    sections: list[Section]
    files: list[DeliveredFile]
    request_text: str = ""
    executive_summary: ExecutiveSummary | None = None

    @property
    def main_findings(self) -> list[Finding]:
        """Return the three findings with the most hours."""
        return self.findings[:3]

    @property
    def further_findings(self) -> list[Finding]:
        """Return the findings after the first three."""
        return self.findings[3:]

    @property
    def results(self) -> list[Section]:
        """Return the deliverables that have no other place in the report, for everybody."""
        return [section for section in self.sections if not section.is_internal]

    @property
    def by_model(self) -> list[Section]:
        """Return what a language model wrote, beside the executive summary."""
        return [section for section in self.results if section.mark]

    @property
    def annex(self) -> list[Section]:
        """Return the deliverables for staff: checks, outputs that say nothing about the request."""
        return [section for section in self.sections if section.is_internal]
