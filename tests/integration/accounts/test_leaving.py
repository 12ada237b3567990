"""Who is deactivated keeps nothing: what is theirs ends, what they held goes on, and the page says so before."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.audit import AuditRecord
from accounts.models import ApiKey, User
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR
from backlog.flow import leases
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Item, Lease, Project
from clarifications.models import Question
from clarifications.selectors import count_waiting_for
from events.models import Event
from people.leaving import Holdings, activate, deactivate, holdings_of
from privacy.erasing import erase_person
from reports.models import SharedLink
from tests.callers import account, machine
from tests.flows import step, template
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db
AGENT = "foreign_worker"


@pytest.fixture
def otto(settings: Settings) -> User:
    """An operator who holds one thing of each kind."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    otto = account("otto", OPERATOR)
    Client().force_login(otto)
    request = {"project_id": str(uuid4()), "request_text": "Do it.", "template": template(step("only"))}
    with project_work() as work:
        submit_request(work, request={**request, "requester": "otto"})
    project = Project.objects.get()
    now = timezone.now()
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    about = {"project": project, "title": "Rate", "schema": {"type": "number"}, "pointer": "/rate", "asked_by": "x"}
    Question.objects.create(field="rate", assigned_to=otto, assigned_group=ANSWERER, **about, **times)
    Question.objects.create(field="done", assigned_to=otto, kind=Question.Kind.APPROVAL, **about, **times)
    keys.make_key(otto, name="k", scopes=["read"], lifetime=None)
    SharedLink.objects.create(project=project, digest="d", made_by="otto", expires_at=now + timedelta(days=9))
    Endpoint.objects.create(owner=otto, url="https://example.com/", secret="s", position=0, created_at=now)
    assert len(leases.lease_items(AGENT, holder=otto, most=1, seconds=600)) == 1
    return otto


def test_the_page_says_what_goes_on_before_it_is_done(otto: User) -> None:
    browser = Client()
    browser.force_login(account("ann", ADMINISTRATOR))
    held = holdings_of(otto)
    assert (held.keys, held.links, held.webhooks, held.questions, held.approvals, held.leases) == (1,) * 6
    page = browser.get(f"/admin/accounts/user/{otto.pk}/change/").content.decode()
    for words in ("1 API key", "1 shared link to a report", "1 webhook", "1 question", "1 approval", "1 work item,"):
        assert f"<li>{words}" in page, words
    assert User.objects.get(pk=otto.pk).is_active
    assert Question.objects.filter(assigned_to=otto).count() == 2


def test_what_is_theirs_ends_and_what_they_held_waits_for_others(otto: User) -> None:
    browser, ann, amy = Client(), account("ann", ADMINISTRATOR), account("amy", ANSWERER)
    browser.force_login(otto)
    assert browser.get("/preferences/").status_code == 200
    before = holdings_of(otto).requests
    deactivate(otto, by=ann)
    assert browser.get("/preferences/").status_code == 302
    ended = Holdings(sessions=0, keys=0, links=0, webhooks=1, questions=0, approvals=0, leases=0, requests=before)
    assert holdings_of(User.objects.get(pk=otto.pk)) == ended
    assert {q.field: q.assigned_group for q in Question.objects.filter(assigned_to=None)} == {
        "rate": ANSWERER,
        "done": "",
    }
    assert count_waiting_for(amy) == 2
    told = Event.objects.filter(type="CLARIFICATION.QUESTION_ASSIGNED")
    assert [event.payload["assigned_by"] for event in told] == ["ann", "ann"]
    assert AuditRecord.objects.filter(action="link-revoked").count() == 1
    activate(otto, by=ann)
    assert browser.get("/preferences/").status_code == 302


def test_a_leased_item_goes_to_another_worker_at_once_and_loses_no_attempt(otto: User) -> None:
    token = Lease.objects.get().token
    deactivate(otto, by=None)
    bot = machine("bot", OPERATOR)
    [again] = bot.post("work/lease", {"agent": AGENT}).json()["items"]
    assert again["item"]["failures"] == 0
    assert bot.post(f"work/{again['lease']}/complete", {"evidence": {}}).status_code == 200
    assert Item.objects.get().state == "DONE"
    assert not Lease.objects.filter(token=token).exists()


def test_who_is_erased_hands_on_what_they_held_too(otto: User) -> None:
    assert dict(erase_person(otto, by=account("ann", ADMINISTRATOR), reason="Asked for it."))
    assert not SharedLink.objects.filter(revoked_at=None).exists()
    assert not Lease.objects.exists()
    assert not ApiKey.objects.filter(revoked_at=None).exists()
    assert not Question.objects.filter(assigned_to=otto).exists()
    told = Event.objects.filter(type="CLARIFICATION.QUESTION_ASSIGNED")
    assert [event.payload["assigned_by"] for event in told] == ["ann", "ann"]


def test_a_second_time_changes_nothing_and_who_comes_back_has_the_role_and_no_key(otto: User) -> None:
    call_command("person", "otto", deactivate=True)
    count = AuditRecord.objects.exclude(details__contains="session").count()
    call_command("person", "otto", deactivate=True)
    assert AuditRecord.objects.count() == count
    call_command("person", "otto", activate=True)
    otto.refresh_from_db()
    assert (otto.is_active, otto.is_staff, ApiKey.objects.live().count()) == (True, True, 0)
    assert otto.groups.get() == Group.objects.get(name=OPERATOR)
