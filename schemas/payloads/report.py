"""Payloads of REPORT events: what people read about a project."""

from typing import Any, TypedDict

from schemas.payloads.about import AboutTitledProject


class ItemLine(TypedDict):
    """One item in a final report."""

    key: str
    title: str
    agent: str
    status: str
    attempts: int


class DeliverableLine(TypedDict):
    """One deliverable in a final report."""

    deliverable_id: str
    type: str
    agent: str
    confidence: float
    headline: dict[str, Any]


class ReportFinalPublished(AboutTitledProject):
    """What was done and delivered, when the project is done."""

    status: str
    summary: str
    items: list[ItemLine]
    deliverables: list[DeliverableLine]


class ReportProjectSnapshotPublished(AboutTitledProject):
    """Where the project stands, whenever it begins or ceases to wait for a person."""

    status: str
    items: dict[str, int]
    open_questions: int
