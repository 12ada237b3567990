"""What was typed is neither lost nor sent when the session has ended or the form's token is no longer good."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from backlog.models import Project
from clarifications.mails.links import link_token
from clarifications.models import Answer, Question

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough password"
NOT_SENT = "Nothing was sent yet. What you typed is here again"
SAID = {"request_text": "Where does the “team” lose time?", "title": "<June>", "template": "audit"}


def fields_of(response: Any, form: str = "") -> dict[str, str]:
    """The hidden fields of the page, or of its form with this attribute."""
    html = response.content.decode()
    html = html[html.index(form) :] if form else html
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


def with_password(name: str) -> User:
    """The person, who can sign in."""
    user = User.objects.get(username=name)
    user.set_password(PASSWORD)
    user.save()
    return user


def expire(client: Client) -> None:
    """The session is over, as it is on the server after two weeks."""
    client.session.flush()


def signed_in_again(client: Client, page: Any, name: str, password: str = PASSWORD) -> Any:
    """What the sign-in page answers, with all that it holds."""
    with_password(name)
    return client.post("/sign-in/", {**fields_of(page, "<main"), "username": name, "password": password})


def sent_signed_out(client: Client, path: str, **typed: Any) -> Any:
    """The form is opened, the session ends, and the form is sent."""
    hidden = fields_of(client.get(path), "<main")
    assert hidden["typed_by"]
    expire(client)
    return client.post(path, {**hidden, **typed})


def test_a_request_that_is_sent_signed_out_comes_back_as_it_was_typed_and_unsent(rita: Client) -> None:
    path = reverse("portal:new")
    page = sent_signed_out(rita, path, **SAID, file=SimpleUploadedFile("june.csv", b"Task\nPay\n"))
    assert "You were signed out before you sent this." in page.content.decode()
    assert "The file “june.csv” is not kept" in page.content.decode()
    back = signed_in_again(rita, page, "rita")
    assert f'action="{path}" data-go-on' in back.content.decode()
    form = rita.post(path, fields_of(back, "data-go-on"))
    html = form.content.decode()
    assert NOT_SENT in html
    assert "The file “june.csv” is not kept" in html
    assert form.context["form"]["request_text"].value() == SAID["request_text"]
    assert "&lt;June&gt;" in html
    assert not Project.objects.exists()


def test_an_answer_that_is_sent_signed_out_comes_back_and_can_be_sent(rita: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    back = signed_in_again(rita, sent_signed_out(rita, path, answer="45,50"), "rita")
    form = rita.post(path, fields_of(back, "data-go-on"))
    assert NOT_SENT in form.content.decode()
    assert 'value="45,50"' in form.content.decode()
    assert not Answer.objects.exists()
    assert rita.post(path, {"answer": "45,50"}).status_code == 302
    assert Answer.objects.get().value == 45.5


def test_staff_find_their_answer_again(sign_in: Callable[..., Client], question: Question) -> None:
    ann = sign_in("ann", "answerer")
    path = reverse("admin:clarifications_question_change", args=[question.pk])
    back = signed_in_again(ann, sent_signed_out(ann, path, answer="45.50", answer_question="stay"), "ann")
    form = ann.post(path, fields_of(back, "data-go-on"))
    assert NOT_SENT in form.content.decode()
    assert 'value="45.50"' in form.content.decode()
    assert not Answer.objects.exists()


def test_a_wrong_password_loses_nothing(rita: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    page = sent_signed_out(rita, path, answer="45,50")
    again = signed_in_again(rita, page, "rita", password="guess")
    assert "Please enter a correct username" in again.content.decode()
    assert "45,50" in signed_in_again(rita, again, "rita").content.decode()


def test_nobody_else_who_signs_in_reads_what_was_typed(rita: Client, rob: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    page = sent_signed_out(rita, path, answer="a secret")
    response = signed_in_again(rita, page, "rob")
    assert response.url == "/"
    html = rita.get("/").content.decode()
    assert "belongs to another account" in html
    assert "a secret" not in html


def test_a_form_that_no_page_of_ours_marked_is_not_kept(rita: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    expire(rita)
    for typed in ({"answer": "45"}, {"answer": "45", "typed_by": "x" * 400_000}):
        assert rita.post(path, typed).status_code == 302
    marked = {"answer": "45", "typed_by": "x"}
    assert rita.post(path, marked, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 302


def test_no_password_travels_on(rita: Client) -> None:
    page = sent_signed_out(rita, reverse("portal:new"), **SAID, new_password="hunter2hunter2")
    back = signed_in_again(rita, page, "rita")
    assert "hunter2" not in back.content.decode()


# -- without the token, or without its cookie ------------------------------------------------------
@pytest.fixture
def strict(rita: Client) -> Client:
    """Rita's browser, whose forms need their token."""
    rita.handler.enforce_csrf_checks = True
    return rita


@pytest.mark.parametrize("lost", ["cookie", "token"])
def test_a_form_without_its_token_or_cookie_is_shown_again_as_typed(
    strict: Client, question: Question, lost: str
) -> None:
    path = reverse("portal:question", args=[question.pk])
    hidden = fields_of(strict.get(path), "<main")
    if lost == "cookie":
        del strict.cookies["csrftoken"]
    else:
        hidden["csrfmiddlewaretoken"] = "x" * 64
    form = strict.post(path, {**hidden, "answer": "45,50"})
    html = form.content.decode()
    assert NOT_SENT in html
    assert 'value="45,50"' in html
    assert not Answer.objects.exists()
    again = {**fields_of(form, "<main"), "answer": "45,50"}
    assert strict.post(path, again).status_code == 302
    assert Answer.objects.get().value == 45.5


def test_a_form_of_another_account_or_site_is_refused_and_says_nothing(strict: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    mark = fields_of(strict.get(path), "<main")["typed_by"]
    for typed, headers in (
        ({"answer": "a secret", "typed_by": "0" * 64}, {}),
        ({"answer": "a secret", "typed_by": mark}, {"Sec-Fetch-Site": "cross-site"}),
        ({"answer": "a secret"}, {}),
    ):
        refused = strict.post(path, typed, headers=headers)
        assert refused.status_code == 403
        assert "a secret" not in refused.content.decode()


def test_what_was_typed_is_found_again_by_who_signed_in_elsewhere_meanwhile(strict: Client, question: Question) -> None:
    path = reverse("portal:question", args=[question.pk])
    hidden = fields_of(strict.get(path), "<main")
    expire(strict)
    page = strict.post(path, {**hidden, "answer": "45,50"})
    hidden = fields_of(page, "<main")
    strict.force_login(with_password("rita"))
    strict.cookies["csrftoken"] = "y" * 32
    back = strict.post("/sign-in/", {**hidden, "username": "rita", "password": PASSWORD})
    assert "data-go-on" in back.content.decode()


def test_an_answer_by_link_without_its_cookie_is_shown_again(
    question: Question, sign_in: Callable[..., Client]
) -> None:
    sign_in("ann", "answerer")
    path = reverse("portal:answer-link", args=[link_token(question, User.objects.get(username="ann"))])
    browser = Client(enforce_csrf_checks=True)
    form = browser.post(path, {"answer": "45,50"})
    assert NOT_SENT in form.content.decode()
    assert 'value="45,50"' in form.content.decode()
    assert browser.post(path, {"answer": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not Answer.objects.exists()
    assert browser.post(path, {**fields_of(form, "<main"), "answer": "45,50"}).status_code == 200
    assert Answer.objects.get().value == 45.5


def test_where_no_form_can_show_it_the_text_is_there_to_be_copied(sign_in: Callable[..., Client], opened: Any) -> None:
    olga = sign_in("olga", "operator")
    path = reverse("admin:backlog_project_change", args=[opened().pk])
    hidden = fields_of(olga.post(path, {"act": "cancel_project"}), "<main")
    expire(olga)
    page = olga.post(path, {**hidden, "act": "cancel_project", "reason": "It was sent twice."})
    back = signed_in_again(olga, page, "olga")
    assert "readonly>It was sent twice.</textarea>" in back.content.decode()
