"""The keys that many payloads share: by which project, item or question an event is about, and how it was sent."""

from typing import Any, NotRequired, TypedDict


class AboutProject(TypedDict):
    """The key by which an event names its project."""

    project_id: str


class AboutTitledProject(AboutProject):
    """The keys of an event that tells how a project is, with the project's title."""

    title: str


class AboutItem(AboutProject):
    """The keys by which an event names a work item."""

    backlog_item_id: str


class AboutKeyedItem(AboutItem):
    """The keys by which an event of Interlock's names a work item, with the item's key in its template."""

    key: str


class AboutQuestion(AboutProject):
    """The keys by which an event names a question, with the field that it asks for."""

    question_id: str
    field: str


class Received(TypedDict):
    """What an event that others may send holds besides: what its sender wrote in another spelling."""

    as_sent: NotRequired[dict[str, Any]]
