"""Payloads of PROJECT events: what becomes of a project."""

from typing import NotRequired, TypedDict

from schemas.payloads.about import AboutProject, AboutTitledProject, Received
from schemas.payloads.objects import WorkContext


class ProjectCancelled(AboutTitledProject):
    """Nobody wants the project any more."""

    reason: str
    cancelled_by: str


class ProjectCompleted(AboutTitledProject):
    """Every item of the project is done."""

    items: int
    seconds: float


class ProjectFailed(AboutTitledProject):
    """The project cannot go on."""

    reason: str
    failed_items: list[str]


class ProjectInitialRequestReceived(AboutProject, Received):
    """Somebody asks for something: open a project for it."""

    request_text: str
    title: NotRequired[str]
    template: NotRequired[str]
    work_context: NotRequired[WorkContext]
    requester: NotRequired[str]


class ProjectOpened(AboutTitledProject):
    """A project was opened and its backlog made."""

    template: str
    template_version: int
    items: int


class ErasedEvent(TypedDict):
    """An event whose digest stays that of the payload as it was, and the digest of the payload as it is now."""

    event_id: str
    digest: str
    erased_digest: str


class ProjectPersonErased(AboutProject):
    """The names of a person were taken out of payloads, whose digests stay; who keeps copies has to do the same."""

    erasure: int
    events: list[ErasedEvent]
