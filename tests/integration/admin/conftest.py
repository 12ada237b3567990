"""Staff in a browser, and an audit that waits for its hourly rate."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from backlog.models import Project
from backlog.opening import submit_request
from clarifications.models import Question
from events.work import unit_of_work

SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser in which a member of staff with only these permissions is signed in."""

    def sign_in(name: str, *permissions: str) -> Client:
        user = User.objects.create_user(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def staff(sign_in: SignIn) -> Client:
    """A person who may look at everything and act on it."""
    models = ("question", "item", "project", "template", "event", "deadletter", "deliverable")
    return sign_in("ann", *(f"{verb}_{model}" for verb in ("view", "change") for model in models))


@pytest.fixture
def viewer(sign_in: SignIn) -> Client:
    """A person who may look and nothing else."""
    models = ("question", "item", "project", "template", "event", "deadletter", "deliverable")
    return sign_in("vera", *(f"view_{model}" for model in models))


def opened(template: str = "audit", **request: Any) -> Project:
    """A project of this template, carried on as far as it goes by itself."""
    text = {"request_text": "Where does the team lose time?", "template": template}
    with unit_of_work() as work:
        return submit_request(work, request={"project_id": str(uuid4()), **text, **request})


@pytest.fixture
def project(db: None, broker: None) -> Project:
    """An audit whose hourly rate nobody has said."""
    return opened(title="Time at the loan desk", requester="rita")


@pytest.fixture
def question(project: Project) -> Question:
    """What its hourly rate is: two items wait for it."""
    return Question.objects.get(project=project, field="hourly_rate")
