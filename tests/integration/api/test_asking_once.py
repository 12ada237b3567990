"""A question with an id of the asker's choice is asked once; and who asked does not answer it."""

from uuid import uuid4

import pytest

from accounts import keys
from accounts.roles import OPERATOR
from clarifications.models import Question
from tests.callers import Caller, account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.mark.parametrize(("path", "more"), [("questions", {"schema": {"type": "boolean"}}), ("approvals", {})])
def test_the_same_id_asks_once(path: str, more: dict[str, object]) -> None:
    bot = account("bot", OPERATOR, is_service=True)
    secret = keys.make_key(bot, name="all", scopes=["read", "projects", "questions"], lifetime=None)[1]
    caller, body = (
        Caller(None, Authorization=f"Bearer {secret}"),
        {"title": "Ship it?", "project_id": str(uuid4()), **more},
    )
    first, second = caller.post(path, body), caller.post(path, body)
    assert (first.status_code, first.json()["project"]) == (201, body["project_id"])
    assert (second.status_code, second.json()["type"].rpartition(":")[2]) == (409, "project-exists")
    assert Question.objects.count() == 1
    assert caller.post(f"questions/{first.json()['id']}/answer", {"answer": True}).status_code in (403, 404)
