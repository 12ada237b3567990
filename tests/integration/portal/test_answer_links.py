"""Answering by a signed link: one answer, as one person, while the question waits for that person."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import ANSWERER, REQUESTER
from backlog.flow.orchestration import project_work
from backlog.models import Project, WorkContext
from clarifications.assignment import reassign_question
from clarifications.mails import links
from clarifications.mails.links import link_token
from clarifications.models import Answer, Question
from clarifications.selectors import question_in
from events.models import Event
from tests.flows import answer, step, template

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0}


def someone(name: str, role: str = REQUESTER, **about: Any) -> User:
    """A person with this role."""
    user = User.objects.create_user(name, is_staff=role != REQUESTER, **about)
    user.groups.set(Group.objects.filter(name=role))
    return user


@pytest.fixture
def rita() -> User:
    """Who asked for the project."""
    return someone("rita")


@pytest.fixture
def ann() -> User:
    """Who answers for the staff."""
    return someone("ann", ANSWERER)


@pytest.fixture
def rate(opened: Opened, rita: User) -> Question:
    """What the hourly rate of rita's project is."""
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}
    return Question.objects.get(project=opened(template(step("only", needs=needs))))


@pytest.fixture
def approval(opened: Opened, rita: User) -> Question:
    """Whether the work of rita's project may start."""
    return Question.objects.get(project=opened(template(step("only", approval="before"))))


def page(question: Question, user: User) -> str:
    """The address of the person's link."""
    return reverse("portal:answer-link", args=[link_token(question, user)])


def get(question: Question, user: User) -> HttpResponse:
    """The page as a browser without a session gets it."""
    response: HttpResponse = Client().get(page(question, user))
    return response


def hand_to(question: Question, name: str, by: User) -> None:
    """Hand the question to this person or group."""
    with project_work() as work:
        reassign_question(work, question=question_in(work, question.pk), to=name, by=by)


# -- the link that holds ---------------------------------------------------------------------------
def test_the_page_says_what_is_asked_and_who_answers_without_signing_in(rate: Question, rita: User) -> None:
    response = get(rate, rita)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<h1>Hourly rate</h1>" in html
    assert "You answer as rita" in html
    assert 'name="answer"' in html
    assert "sessionid" not in response.cookies


def test_the_address_is_kept_nowhere_and_told_to_no_other_site(rate: Question, rita: User) -> None:
    response = get(rate, rita)
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "style=" not in response.content.decode()


@pytest.mark.parametrize("look", ["get", "head"])
def test_a_scanner_that_looks_changes_nothing(rate: Question, rita: User, look: str) -> None:
    events = Event.objects.count()
    for _ in range(2):
        assert getattr(Client(), look)(page(rate, rita)).status_code == 200
    assert Question.objects.get().status == "OPEN"
    assert Event.objects.count() == events


@pytest.mark.parametrize("method", ["put", "delete", "options"])
def test_no_other_method_is_known(rate: Question, rita: User, method: str) -> None:
    assert getattr(Client(), method)(page(rate, rita)).status_code == 405


def test_an_answer_is_accepted_under_the_persons_name_and_the_links_door(rate: Question, rita: User) -> None:
    response = Client().post(page(rate, rita), {"answer": "45.5"})
    given = Answer.objects.get(question=rate)
    assert response.status_code == 200
    assert "Thank you, rita: your answer to “Hourly rate” is saved." in response.content.decode()
    assert "sessionid" not in response.cookies
    assert (given.value, given.answered_by, given.door) == (45.5, "rita", "link")
    assert WorkContext.objects.get(pk=rate.project_id).provenance["rate"]["door"] == "link"


def test_a_form_sent_from_elsewhere_is_refused_and_our_own_is_taken(rate: Question, rita: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(page(rate, rita), {"answer": "1"}).status_code == 403
    assert not Answer.objects.exists()
    browser.get(page(rate, rita))
    said = {"answer": "45", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    assert browser.post(page(rate, rita), said, HTTP_ORIGIN="http://testserver").status_code == 200


def test_an_answer_that_does_not_fit_is_refused_at_its_field_and_kept(rate: Question, rita: User) -> None:
    response = Client().post(page(rate, rita), {"answer": "0"})
    assert response.status_code == 200
    assert response.context["form"].errors["answer"]
    assert 'value="0"' in response.content.decode()
    assert Question.objects.get().status == "OPEN"


def test_the_page_speaks_the_readers_language_and_not_the_browsers(rate: Question, rita: User) -> None:
    User.objects.update(language="fr")
    assert '<html lang="fr">' in get(rate, rita).content.decode()
    answer(rate, 50)
    assert '<html lang="fr">' in get(rate, rita).content.decode()


def test_the_page_of_a_signed_in_person_shows_nothing_of_theirs(rate: Question, rita: User, ann: User) -> None:
    browser = Client()
    browser.force_login(ann)
    html = browser.get(page(rate, rita)).content.decode()
    assert "You answer as rita" in html
    assert "ann" not in html.replace("scanner", "")


# -- single use ------------------------------------------------------------------------------------
def test_the_second_answer_reads_who_answered_when_and_what(rate: Question, rita: User) -> None:
    first, second = (Client().post(page(rate, rita), {"answer": value}) for value in ("45", "46"))
    html = second.content.decode()
    assert (first.status_code, second.status_code) == (200, 410)
    assert "was answered by rita with 45" in html
    assert str(timezone.now().year) in html
    assert Answer.objects.get().value == 45


@pytest.mark.django_db(transaction=True)
def test_two_links_of_two_people_at_once_have_one_effect(rate: Question, rita: User, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(is_superuser=True)  # groups are gone where transactions are real

    def post(user: User) -> int:
        try:
            return Client().post(page(rate, user), {"answer": str(user.pk)}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        statuses = list(pool.map(post, [rita, ann]))
    assert sorted(statuses) == [200, 410]
    assert Event.objects.filter(type="CLARIFICATION.ANSWER_PROVIDED").count() == 1


def test_who_is_overtaken_while_sending_changes_nothing(
    rate: Question, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = links.require_current

    def overtaken(question: Question, claim: links.LinkContent) -> None:
        real(question, claim)
        if not Answer.objects.exists():
            answer(rate, 60, by="ann")

    monkeypatch.setattr(links, "require_current", overtaken)
    response = Client().post(page(rate, rita), {"answer": "45"})
    assert response.status_code == 410
    assert Answer.objects.get().value == 60


# -- the link that does not hold -------------------------------------------------------------------
@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.replace(".", ""), lambda t: "é"])
def test_a_changed_link_is_not_found(rate: Question, rita: User, spoil: Callable[[str], str]) -> None:
    address = reverse("portal:answer-link", args=[spoil(link_token(rate, rita))])
    response = Client().post(address, {"answer": "45"})
    assert response.status_code == 404
    assert "This link is incomplete or was changed" in response.content.decode()
    assert not Answer.objects.exists()


def test_a_link_signed_for_something_else_is_not_found(rate: Question, rita: User) -> None:
    said = links.signer().unsign_object(link_token(rate, rita))
    elsewhere = links.signing.Signer(salt="another", sep=links.SEPARATOR).sign_object(said)
    assert Client().get(reverse("portal:answer-link", args=[elsewhere])).status_code == 404


def test_an_old_link_has_expired(rate: Question, rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = timezone.now() - timedelta(hours=73)
    monkeypatch.setattr(links.timezone, "now", lambda: made)
    address = page(rate, rita)
    monkeypatch.undo()
    response = Client().post(address, {"answer": "45"})
    assert response.status_code == 410
    assert "has expired" in response.content.decode()
    assert not Answer.objects.exists()


def test_a_link_of_an_earlier_revision_says_that_it_was_asked_again(approval: Question, ann: User) -> None:
    address = page(approval, ann)
    answer(approval, {"approved": False, "notes": "Shorter."}, by="bob")
    Question.objects.filter(pk=approval.pk).update(revision=1)
    later = Question.objects.exclude(pk=approval.pk).filter(field=approval.field)
    assert later.exists()
    response = Client().get(address)
    assert response.status_code == 410
    assert "asked again" in response.content.decode()


def test_a_question_handed_to_somebody_else_is_not_answered_by_an_older_link(
    rate: Question, rita: User, ann: User
) -> None:
    bob = someone("bob", ANSWERER)
    hand_to(rate, "bob", by=ann)
    for user in (rita, ann):
        response = Client().post(page(rate, user), {"answer": "45"})
        assert response.status_code == 410
        assert "waits for another person" in response.content.decode()
    assert Client().post(page(rate, bob), {"answer": "45"}).status_code == 200


def test_a_person_who_left_or_lost_the_right_may_not_answer_any_more(rate: Question, ann: User) -> None:
    address = page(rate, ann)
    ann.groups.clear()
    assert "may not answer this question any more" in Client().get(address).content.decode()
    ann.groups.set(Group.objects.filter(name=ANSWERER))
    assert Client().get(address).status_code == 200
    User.objects.update(is_active=False)
    assert Client().get(address).status_code == 410


def test_who_may_not_see_the_question_reads_nothing_of_its_answer(rate: Question, ann: User) -> None:
    answer(rate, 987, by="rita")
    ann.groups.clear()
    assert "987" not in get(rate, ann).content.decode()


# -- approvals -------------------------------------------------------------------------------------
def test_an_approval_is_given_by_the_link_of_who_may_change_questions(approval: Question, ann: User) -> None:
    assert "Definition of done" in get(approval, ann).content.decode()
    assert Client().post(page(approval, ann), {"answer_approved": "true"}).status_code == 200
    assert Answer.objects.get().door == "link"


def test_a_rejection_without_notes_is_refused_and_the_question_stays_open(approval: Question, ann: User) -> None:
    response = Client().post(page(approval, ann), {"answer_approved": "false"})
    assert "Say in the notes" in response.content.decode()
    assert Question.objects.get().status == "OPEN"


@pytest.mark.parametrize("role", [REQUESTER, ANSWERER])
def test_nobody_approves_their_own_request_by_a_link(approval: Question, rita: User, role: str) -> None:
    rita.groups.set(Group.objects.filter(name=role))
    response = Client().post(page(approval, rita), {"answer_approved": "true"})
    assert response.status_code == 410
    assert Project.objects.get().questions.get().status == "OPEN"
