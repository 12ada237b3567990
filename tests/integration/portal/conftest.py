"""Requesters in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from accounts.roles import ANSWERER, REQUESTER
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from clarifications.models import Question

SignIn = Callable[..., Client]
Opened = Callable[..., Project]


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Uploads go to a folder of this test's own."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.DATA_DIR = tmp_path


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser in which a person with this role is signed in."""

    def sign_in(name: str, role: str = REQUESTER) -> Client:
        user = User.objects.create_user(name, is_staff=role != REQUESTER)
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def rita(sign_in: SignIn) -> Client:
    """The browser of rita, a requester."""
    return sign_in("rita")


@pytest.fixture
def rob(sign_in: SignIn) -> Client:
    """The browser of rob, another requester."""
    return sign_in("rob")


@pytest.fixture
def ann(sign_in: SignIn) -> Client:
    """The browser of ann, who answers questions for the staff."""
    return sign_in("ann", ANSWERER)


@pytest.fixture
def opened(db: None, broker: None) -> Opened:
    """A project that rita asked for, carried on as far as it goes by itself."""

    def opened(template: str = "audit", **request: Any) -> Project:
        said = {"request_text": "Where does the team lose time?", "template": template, "requester": "rita"}
        with project_work() as work:
            return submit_request(work, request={"project_id": str(uuid4()), **said, **request})

    return opened


@pytest.fixture
def question(opened: Opened) -> Question:
    """What the hourly rate of rita's audit is."""
    return Question.objects.get(project=opened(title="Time at the loan desk"), field="hourly_rate")
