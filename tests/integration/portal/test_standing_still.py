"""A project that the clock has set aside says on its own page that it stands still, since when, and what to do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.roles import OPERATOR
from backlog.models import Project, Template
from events.models import SetAside

pytestmark = pytest.mark.django_db

STAFF_WORDS, REQUESTERS_WORDS = "This project has stood still since", "This request has stood still since"


@pytest.fixture
def project(opened: Callable[..., Project]) -> Project:
    """A request of rita's whose template cannot be read any more, and which was therefore set aside two hours ago."""
    project, now = opened(), timezone.now()
    spoiled = Template.objects.create(name="old", version=1, definition={"items": "many"})
    Project.objects.filter(pk=project.pk).update(template=spoiled)
    moments = {"first_seen": now - timedelta(hours=2), "last_seen": now, "next_try_at": now + timedelta(hours=1)}
    about = {"round": "deadlines and dispatches", "reason": "InvalidTemplate: items", "failures": 3}
    SetAside.objects.create(project_id=project.pk, **about, **moments)
    return project


def shown(client: Client, project: Project, page: str) -> str:
    """The text of the project's page."""
    response = client.get(reverse(page, args=[project.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_requester_reads_it_in_plain_words_without_internals(rita: Client, project: Project) -> None:
    html = shown(rita, project, "portal:project")
    assert REQUESTERS_WORDS in html
    assert date_format(localtime(SetAside.objects.get().first_seen), "DATETIME_FORMAT") in html
    assert ("InvalidTemplate" in html, "deadlines and dispatches" in html) == (False, False)


def test_an_operator_reads_why_and_has_it_tried_again(sign_in: Callable[..., Client], project: Project) -> None:
    olga = sign_in("olga", OPERATOR)
    html = shown(olga, project, "admin:backlog_project_change")
    assert STAFF_WORDS in html
    assert "“deadlines and dispatches” failed for it 3 times." in html
    assert "InvalidTemplate: items" in html
    olga.post(reverse("admin:backlog_project_change", args=[project.pk]), {"act": "try_again"})
    assert SetAside.objects.get().next_try_at <= timezone.now()


def test_who_may_not_settle_it_reads_who_can(ann: Client, project: Project) -> None:
    html = shown(ann, project, "admin:backlog_project_change")
    assert STAFF_WORDS in html
    assert "An operator can press “Try again now”." in html
    assert 'value="try_again"' not in html
    response = ann.post(reverse("admin:backlog_project_change", args=[project.pk]), {"act": "try_again"})
    assert response.status_code == 403
    assert SetAside.objects.get().next_try_at > timezone.now()


def test_a_project_that_goes_on_says_nothing_of_it(rita: Client, project: Project) -> None:
    SetAside.objects.all().delete()
    assert REQUESTERS_WORDS not in shown(rita, project, "portal:project")
