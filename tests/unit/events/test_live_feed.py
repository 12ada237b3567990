"""Which pages are told to look again, and who may listen."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from events.streams import Entry
from pages import live


def entry(event_type: str = "", project: str = "", *, stream: str = settings.STREAM_NAME) -> Entry:
    """A stream entry with what rides beside its event."""
    return Entry(stream, "1-0", {b"event": b"{}", b"type": event_type.encode(), b"project": project.encode()})


@pytest.mark.parametrize(
    ("told", "topics"),
    [
        (entry("WORK.ITEM_STARTED", "p1"), {"project:p1", "overview"}),
        (entry("CLARIFICATION.QUESTION_ASKED", "p1"), {"project:p1", "inbox", "overview"}),
        (entry("HUMAN.APPROVAL_REQUESTED", "p1"), {"project:p1", "inbox", "overview"}),
        (entry(), {"overview"}),
        (entry(stream=settings.DLQ_STREAM), {"deadletters", "overview"}),
        (Entry(settings.STREAM_NAME, "1-0", {b"project": b"\xff"}), {"project:�", "overview"}),
    ],
)
def test_an_entry_changes_the_pages_that_show_what_it_speaks_of(told: Entry, topics: set[str]) -> None:
    assert live.topics_of([told, told]) == topics


def test_only_topics_that_exist_and_are_allowed_are_listened_to(monkeypatch: Any) -> None:
    rules = {"mine": lambda user, subjects: {user.name}, "open": lambda user, subjects: subjects}
    monkeypatch.setattr(live, "topic_rules", rules)
    person = SimpleNamespace(name="ann")
    asked = ["mine:ann", "mine:bob", "open", "open", "unknown", ""]
    assert live.allowed_topics(person, asked) == ["mine:ann", "open"]


def test_no_page_listens_to_more_topics_than_the_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "topic_rules", {"project": lambda user, subjects: subjects})
    asked = [f"project:{n}" for n in range(live.MOST_TOPICS + 50)]
    assert len(live.allowed_topics(SimpleNamespace(), asked)) == live.MOST_TOPICS
