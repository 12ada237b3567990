"""While the database is away, a page says so in plain words; a fault of the code stays a fault of the code."""

from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.roles import ADMINISTRATOR
from tests.callers import account

pytestmark = pytest.mark.django_db


def away(*_: Any) -> NoReturn:
    """What every statement meets when the server has gone."""
    raise OperationalError("server closed the connection unexpectedly")


def broken(*_: Any) -> NoReturn:
    """What a statement meets that our code has wrong."""
    raise ZeroDivisionError


@pytest.fixture
def browser() -> Client:
    """A signed-in browser, which sees the page of an error instead of the error."""
    browser = Client(raise_request_exception=False)
    browser.force_login(account("ann", ADMINISTRATOR))
    return browser


@pytest.mark.parametrize("path", ["/", "/admin/", "/projects/new"])
def test_a_page_that_meets_no_database_says_so_and_when_to_come_again(browser: Client, path: str) -> None:
    with connection.execute_wrapper(away):
        answer = browser.get(path)
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-store")
    words = answer.content.decode()
    assert "The database cannot be reached at the moment. Nothing was changed." in words
    assert "La base de données ne répond pas" in words
    assert browser.get(path).status_code != 503


def test_a_fault_of_the_code_is_no_outage(browser: Client) -> None:
    with connection.execute_wrapper(broken):
        answer = browser.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
