"""Staff in a browser, and an audit that waits for its hourly rate."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from backlog.blueprints import definition_of
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from clarifications.models import Question
from tests.flows import step, template

SignIn = Callable[..., Client]
Opened = Callable[..., Project]
MODELS = ("question", "item", "project", "template", "event", "deadletter", "deliverable")


@pytest.fixture(autouse=True)
def static_root(settings: Any) -> None:
    """The folder of static files, whose absence the web server warns of."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture(autouse=True)
def no_remembered_templates() -> None:
    """A test that is rolled back leaves its templates' numbers to the next."""
    definition_of.cache_clear()


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
    return sign_in("ann", *(f"{verb}_{model}" for verb in ("view", "change") for model in MODELS))


@pytest.fixture
def viewer(sign_in: SignIn) -> Client:
    """A person who may look and nothing else."""
    return sign_in("vera", *(f"view_{model}" for model in MODELS))


@pytest.fixture
def opened(db: None, broker: None) -> Opened:
    """A project of a template, carried on as far as it goes by itself."""

    def opened(template: str = "audit", **request: Any) -> Project:
        text = {"request_text": "Where does the team lose time?", "template": template}
        with project_work() as work:
            return submit_request(work, request={"project_id": str(uuid4()), **text, **request})

    return opened


@pytest.fixture
def question(opened: Opened) -> Question:
    """What the hourly rate of an audit is: two items wait for it."""
    project = opened(title="Time at the loan desk", requester="rita")
    return Question.objects.get(project=project, field="hourly_rate")


@pytest.fixture
def waiting_approval(opened: Opened) -> Question:
    """Whether an item may start; rita asked for it."""
    project = opened(template(step("only", approval="before")), requester="rita")
    return Question.objects.get(project=project)
