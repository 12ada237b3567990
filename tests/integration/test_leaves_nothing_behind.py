"""What people wrote and read leaves nothing behind: in caches, logs, terminals and spreadsheets."""

import io
import json
import logging

import pytest
from django.test import Client

from accounts.roles import ADMINISTRATOR, REQUESTER
from console.operator import printable_text
from console.plain_console import console_on
from reports.figures import as_csv
from telemetry.log_lines import formatter
from tests.callers import account
from tests.flows import opened


@pytest.mark.django_db
def test_pages_of_a_signed_in_person_stay_in_no_cache(client: Client) -> None:
    client.force_login(account("rita", REQUESTER))
    assert client.get("/").headers["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("Not Found: %s", ("/answer/eyJ0b2tlbiI6MX0.abc/",)),
        ("Forbidden (CSRF token missing.): /answer/eyJ0b2tlbiI6MX0.abc/", ()),
        ('"%s %s" %s', ("GET", "/artifacts/eyJ0b2tlbiI6MX0.abc?x=1", 200)),
    ],
)
def test_the_token_of_a_signed_address_is_in_no_log(message: str, args: tuple[object, ...]) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, message, args, None)
    for line in (formatter("text").format(record), json.loads(formatter("json").format(record))["message"]):
        assert "abc" not in line
        assert "…" in line


HOSTILE = "\x1b]0;owned\x07 \x1b[31mred\x1b[0m \u202egnp.exe\u2069 \x9b31m"


def test_a_title_gives_a_terminal_no_orders() -> None:
    out = io.StringIO()
    console_on(out).print(HOSTILE)
    assert not set(out.getvalue()) & set("\x1b\x07\x9b\u202e\u2069")
    assert printable_text("Ä row\n\tof 3 €") == "Ä row\n\tof 3 €"


@pytest.mark.django_db(transaction=True)
def test_a_title_is_one_line_without_what_cannot_be_seen(broker: None) -> None:
    project = opened(title="Finance\r\nBcc: all@example.org \u202egnp.exe\x07")
    assert project.title == "Finance Bcc: all@example.org gnp.exe"


def test_no_cell_begins_a_new_one_or_a_formula_in_any_spreadsheet() -> None:
    lines = as_csv([{"text": "x;=1+1", "other": "=1+1"}]).decode("utf-8-sig").splitlines()
    assert lines == ['"text","other"', '"x;=1+1","\'=1+1"']


@pytest.mark.django_db
def test_a_form_without_its_cookie_is_told_what_to_do_on_a_page_of_ours() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "rita", "password": "x"})
    assert answer.status_code == 403
    html = answer.content.decode()
    assert "Nothing was sent and nothing changed." in html
    assert '<main id="content"' in html


@pytest.mark.django_db
def test_the_text_of_a_new_key_is_in_no_cookie(client: Client) -> None:
    ann = account("ann", ADMINISTRATOR)
    client.force_login(ann)
    made = client.post("/admin/accounts/apikey/add/", {"user": ann.pk, "name": "k", "scopes": ["read"], "days": 1})
    assert made.status_code == 302
    assert not [cookie for cookie in made.cookies.values() if "ilk_" in cookie.value or cookie.key == "messages"]
    assert "ilk_" in client.get("/admin/accounts/apikey/").content.decode()
