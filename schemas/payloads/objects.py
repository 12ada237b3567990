"""The objects of `schemas/objects/`, which several payloads hold.

Their contracts allow further keys in a row, a period and a work context; a TypedDict cannot say so. Who builds one with
further keys builds a dict and casts it.
"""

from typing import Any, NotRequired, TypedDict


class Row(TypedDict):
    """One task of the spreadsheet: what, which kind, how long."""

    text: NotRequired[str]
    category: NotRequired[str]
    estimated_minutes: NotRequired[float | None]


class RowsRef(TypedDict):
    """A claim check: the rows are stored, the event carries their reference."""

    id: str
    sha256: str
    rows: int
    media_type: str
    url: NotRequired[str]
    expires_at: NotRequired[str]


class Period(TypedDict):
    """The time that the rows cover."""

    type: NotRequired[str]
    working_days: NotRequired[float | None]


class ContextBesideRows(TypedDict):
    """What a work context names besides its rows."""

    rows_ref: NotRequired[RowsRef]
    period: NotRequired[Period]
    currency: NotRequired[str | None]


class WorkContext(ContextBesideRows):
    """What is known about the work. More keys are allowed; each item's contract judges the values."""

    rows: NotRequired[list[Row]]


class DispatchedWorkContext(ContextBesideRows):
    """The work context that a worker gets: its rows are always there, be they none."""

    rows: list[Row]


class Deliverable(TypedDict):
    """What a worker made of an item."""

    type: str
    content: dict[str, Any]
    timestamp: str
    confidence: float
    agent: NotRequired[str]
    project_id: NotRequired[str]
    backlog_item_id: NotRequired[str]
