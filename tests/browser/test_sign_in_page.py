"""The door: a name and a password."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.make_people import PASSWORD


def sign_in_as(page: Page, name: str, password: str) -> None:
    """Fill in the form, as the labels name it, and send it."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_a_member_of_staff_signs_in_and_comes_to_the_page_they_asked_for(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/admin/")
    sign_in_as(page, "ann", PASSWORD)
    expect(page).to_have_url(re.compile(r"/admin/$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


def test_a_wrong_password_is_refused_in_words_and_the_name_stays(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/admin/")
    sign_in_as(page, "ann", "not her password")
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")
    expect(page.get_by_label("Username")).to_have_value("ann")
