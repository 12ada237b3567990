"""Mails are sent, and rita's project waits for its hourly rate."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from backlog.models import Project
from clarifications.mails import notices
from clarifications.models import LedgerPosition, Question
from tests.flows import step, template
from tests.notified import RATE, someone

Opened = Callable[..., Project]


@pytest.fixture(autouse=True)
def writing(settings: Any) -> None:
    """Mails are sent, and the ledger is read to its end."""
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    LedgerPosition.objects.create(reader=notices.LEDGER_READER, seq=0)


@pytest.fixture
def rita(writing: None) -> User:
    """Who asked for the project."""
    return someone("rita")


@pytest.fixture
def rate(opened: Opened) -> Question:
    """What the hourly rate of rita's project is."""
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}
    steps = [step("only", title="Price the time", needs=needs)]
    project = opened(template(*steps, silence={"due_seconds": 100, "remind_every_seconds": 40, "then": "wait"}))
    return Question.objects.get(project=project)
