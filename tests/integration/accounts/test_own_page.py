"""A person's own page: name, mails and keys; nothing of others."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from backlog.models import Project, Template
from clarifications.mails.notices import people_to_notify
from clarifications.models import Question
from tests.callers import account, person

pytestmark = pytest.mark.django_db
PAGE, KEYS = "/preferences/", "/preferences/keys/"


def saved(client: Client, **form: Any) -> User:
    """The person after the form was sent."""
    assert client.post(PAGE, form).status_code == 302
    return User.objects.get(username="rita")


def test_a_person_changes_their_name_unless_a_directory_keeps_it() -> None:
    rita = person("rita", REQUESTER)
    assert saved(rita.client, first_name="Rita", last_name="Roe", is_staff="on").get_full_name() == "Rita Roe"
    User.objects.update(external_id="00u7")
    found = saved(rita.client, first_name="Max", last_name="Power", language="fr")
    assert (found.get_full_name(), found.language, found.is_staff) == ("Rita Roe", "fr", False)


def test_who_wants_no_mails_gets_none_and_the_next_ones_are_asked() -> None:
    rita = person("rita", REQUESTER)
    User.objects.update(email="rita@example.org")
    amy = account("amy", ANSWERER, email="amy@example.org")
    audit, now = Template.objects.get(name="audit"), timezone.now()
    project = Project.objects.create(id=uuid4(), template=audit, opened_at=now, requester="rita", owner=rita.user)
    about = {"field": "rate", "title": "Rate", "schema": {"type": "number"}, "pointer": "/rate", "asked_by": "x"}
    question = Question.objects.create(project=project, asked_at=now, due_at=now, next_step_at=now, **about)
    assert people_to_notify(question) == [rita.user]
    assert not saved(rita.client).gets_mails
    assert people_to_notify(question) == [amy]
    assert saved(rita.client, gets_mails="on").gets_mails


def test_a_person_sees_and_revokes_their_own_keys_alone() -> None:
    olga, otto = person("olga", OPERATOR), account("otto", OPERATOR)
    mine, _text = keys.make_key(olga.user, name="report bot", scopes=["read"], lifetime=timedelta(days=1))  # type: ignore[arg-type]
    theirs, _text = keys.make_key(otto, name="other bot", scopes=["read"], lifetime=None)
    shown = olga.client.get(KEYS).content.decode()
    assert ("report bot" in shown, "other bot" in shown, KEYS in olga.client.get(PAGE).content.decode()) == (
        *(True, False, True),
    )
    for key in (theirs, mine):
        olga.client.post(KEYS, {"key": key.pk})
    assert list(ApiKey.objects.live()) == [theirs]
    assert Client().get(KEYS).status_code == 302
