"""Forgotten passwords, invitations and temporary passwords: links that work once, and answers that betray nobody."""

import re
import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail, signing
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import AuditRecord
from accounts.models import Letter, User
from accounts.passwords.letters import send_due_letters
from accounts.roles import ADMINISTRATOR, REQUESTER
from tests.callers import account

pytestmark = pytest.mark.django_db

PASSWORD, NEW = "a long enough password", "quite another password"
ADDRESS = "rita@example.org"


@pytest.fixture(autouse=True)
def sending(settings: Any) -> None:
    """Mails are sent, and lead to pages of this address."""
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"


@pytest.fixture
def rita() -> User:
    """A person with a password and a mail address."""
    return User.objects.create_user("rita", ADDRESS, PASSWORD)


def ask(address: str, client: Client | None = None) -> Any:
    """The answer of the page for a forgotten password, with the page to which it leads."""
    return (client or Client()).post("/sign-in/forgotten/", {"address": address}, follow=True)


def link() -> str:
    """The path of the link in the last mail."""
    [found] = re.findall(r"https://interlock\.example\.org(/new-password/\S+)", str(mail.outbox[-1].body))
    return str(found)


def choose(path: str, password: str = NEW) -> Any:
    """The answer of the page behind the link."""
    return Client().post(path, {"new_password1": password, "new_password2": password}, follow=True)


def signs_in(password: str, name: str = "rita") -> bool:
    """Whether the password is right."""
    return (
        Client(REMOTE_ADDR="192.0.2.99").post("/sign-in/", {"username": name, "password": password}).status_code == 302
    )


def test_who_forgot_a_password_gets_a_link_that_works_once_and_ends_every_session(rita: User) -> None:
    browser = Client()
    browser.force_login(rita)
    ask(ADDRESS.upper())
    assert (send_due_letters(), [one.to for one in mail.outbox]) == (1, [[ADDRESS]])
    path = link()
    assert "For the account rita" in Client().get(path).content.decode()
    assert "Your password is set" in choose(path).content.decode()
    assert [signs_in(PASSWORD), signs_in(NEW)] == [False, True]
    assert browser.get("/preferences/").status_code == 302
    again = choose(path, "a third long password")
    assert (again.status_code, "was used already" in again.content.decode()) == (410, True)
    rita.refresh_from_db()
    assert rita.has_verified_email
    changed = AuditRecord.objects.get(action=AuditRecord.Action.PASSWORD_CHANGED)
    assert (changed.actor, changed.target, changed.details) == ("", "rita", "set")


def test_the_answer_and_the_work_of_the_page_are_the_same_whether_or_not_the_address_is_known(rita: User) -> None:
    pages, queries = [], []
    for address in (ADDRESS, "nobody@example.org"):
        with CaptureQueriesContext(connection) as seen:
            pages.append(ask(address).content.decode())
        queries.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in seen.captured_queries])
    assert re.sub(r'value="[^"]+"', "", pages[0]) == re.sub(r'value="[^"]+"', "", pages[1])
    assert queries[0] == queries[1]
    assert (send_due_letters(), len(mail.outbox), Letter.objects.count()) == (2, 1, 0)


def test_who_has_no_password_or_is_deactivated_or_a_machine_gets_no_link() -> None:
    for name, fields in {"sso": {}, "gone": {"is_active": False}, "bot": {"is_service": True}}.items():
        User.objects.create_user(name, ADDRESS, None if name == "sso" else PASSWORD, **fields)
    ask(ADDRESS)
    assert (send_due_letters(), mail.outbox) == (1, [])


def test_asking_again_and_again_has_to_wait_and_does_not_slow_a_sign_in(rita: User) -> None:
    statuses = [ask(ADDRESS).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert signs_in(PASSWORD)


def test_a_link_ends_in_time_when_the_address_changes_or_when_it_is_changed(
    rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(ADDRESS)
    send_due_letters()
    path = link()
    assert Client().get(f"{path[:-4]}abc/").status_code == 410
    now = signing.time.time()
    for hours, status in ((0.99, 200), (1.01, 410)):
        with monkeypatch.context() as later:
            later.setattr(signing.time, "time", lambda hours=hours: now + hours * 3600)
            assert Client().get(path).status_code == status
    rita.email = "other@example.org"
    rita.save()
    assert Client().get(path).status_code == 410


def test_the_link_is_kept_in_no_cache_and_a_weak_password_is_refused_on_its_page(rita: User) -> None:
    ask(ADDRESS)
    send_due_letters()
    page = choose(link(), "short")
    assert ("too short" in page.content.decode(), page["Cache-Control"]) == (True, "no-store")
    assert choose(link()).status_code == 200


class Away:
    """A mail server that is away while `is_away`."""

    is_away = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Away]]:
    """The mail server, away at first."""
    send = EmailMessage.send

    def try_to_send(message: EmailMessage, *args: Any) -> int:
        if Away.is_away:
            raise smtplib.SMTPServerDisconnected
        return send(message, *args)

    monkeypatch.setattr(EmailMessage, "send", try_to_send)
    yield Away
    Away.is_away = True


def test_a_mail_server_that_is_away_loses_no_letter(rita: User, server: type[Away]) -> None:
    ask(ADDRESS)
    assert (send_due_letters(), send_due_letters(), Letter.objects.get().attempts) == (0, 0, 1)
    server.is_away = False
    Letter.objects.update(next_attempt_at=Letter.objects.get().created_at)
    assert (send_due_letters(), len(mail.outbox)) == (1, 1)


def test_after_a_day_a_letter_is_given_up(rita: User, server: type[Away]) -> None:
    ask(ADDRESS)
    letter = Letter.objects.get()
    Letter.objects.update(created_at=letter.created_at - timedelta(hours=25))
    assert (send_due_letters(), Letter.objects.count()) == (1, 0)


def test_without_mail_the_page_says_whom_to_ask(settings: Any) -> None:
    settings.SENDS_MAIL = False
    for page in (Client().get("/sign-in/forgotten/"), ask(ADDRESS)):
        assert "Ask an administrator" in page.content.decode()
    assert not Letter.objects.exists()


# -- invitations -----------------------------------------------------------------------------------
def test_a_person_is_made_without_a_password_and_chooses_it_by_an_invitation() -> None:
    call_command("person", "rita", role=REQUESTER, email=ADDRESS, invite=True)
    assert not User.objects.get(username="rita").has_usable_password()
    assert send_due_letters() == 1
    assert "Then sign in as rita" in str(mail.outbox[-1].body)
    assert choose(link()).status_code == 200
    assert signs_in(NEW)
    assert AuditRecord.objects.get(action=AuditRecord.Action.INVITED).details == f"to {ADDRESS}"


def test_nobody_is_made_whom_no_mail_can_reach() -> None:
    with pytest.raises(CommandError, match="no mail address"):
        call_command("person", "rita", role=REQUESTER, invite=True)
    assert not User.objects.exists()


def test_an_administrator_invites_only_people_without_a_password_and_nobody_above(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    browser = Client()
    browser.force_login(account("ann", ADMINISTRATOR))
    made = [User.objects.create_user("new", ADDRESS), User.objects.create_user("old", ADDRESS, PASSWORD)]
    made.append(User.objects.create_superuser("root", "root@example.org"))
    asked = {"action": "invite_people", "_selected_action": [user.pk for user in made]}
    page = browser.post("/admin/accounts/user/", asked, follow=True).content.decode()
    assert [words in page for words in ("New is invited", "Old cannot be invited", "Root has rights")] == [True] * 3
    assert [letter.account for letter in Letter.objects.all()] == [made[0]]


# -- temporary passwords ---------------------------------------------------------------------------
def test_who_got_a_password_from_an_administrator_changes_it_before_anything_else(rita: User, settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    admin, browser = Client(), Client()
    admin.force_login(User.objects.create_superuser("ann"))
    page = admin.post(f"/admin/accounts/user/{rita.pk}/change/", {"temporary_password": "1"}, follow=True)
    given = re.findall(r"Temporary password of Rita: (\S+) –", page.content.decode(), re.IGNORECASE)[0]
    browser.post("/sign-in/", {"username": "rita", "password": given})
    for path in ("/", "/requests/new/", "/preferences/"):
        assert browser.get(path).headers.get("Location") == "/preferences/password/"
    refused = browser.get("/api/v1/projects")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:interlock:problem:change-password-first")
    same = {"old_password": given, "new_password1": given, "new_password2": given}
    assert "another password" in browser.post("/preferences/password/", same).content.decode()
    changed = {"old_password": given, "new_password1": NEW, "new_password2": NEW}
    assert browser.post("/preferences/password/", changed).status_code == 302
    assert browser.get("/").status_code == 200


def test_a_key_works_while_its_person_has_a_password_to_change(rita: User) -> None:
    from accounts.keys import make_key

    User.objects.update(must_change_password=True)
    _key, text = make_key(rita, name="k", scopes=["read"], lifetime=None)
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_a_header_of_a_key_opens_no_page(rita: User) -> None:
    User.objects.update(must_change_password=True)
    browser = Client(headers={"Authorization": "Bearer ilk_nothing"})
    browser.force_login(User.objects.get())
    assert browser.get("/").status_code == 302
    assert browser.get("/api/v1/projects").status_code == 401
