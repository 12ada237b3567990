"""Forms in a real browser: a table that is filled in, numbers that are read back, and text that outlives a session."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from clarifications.forms.numbers import NotANumber, parse_number
from tests.browser.accessibility import axe
from tests.browser.desk import open_question, question_of, send_in
from tests.browser.live_system import LiveSystem
from tests.browser.make_people import PASSWORD
from tests.browser.visiting import sign_in

Person = Callable[..., Page]
COPIED = "What was done\\tCategory\\tMinutes\\nMatch\\tClose\\t10\\nPay\\tClose\\t20\\nCall\\t\\t30\\nWrite\\t\\t40\\n"
PASTE = f"""() => {{
  const data = new DataTransfer();
  data.setData("text/plain", "{COPIED}");
  const pasted = new ClipboardEvent("paste", {{ clipboardData: data, bubbles: true, cancelable: true }});
  document.activeElement.dispatchEvent(pasted);
}}"""
TYPED = (
    *("1234", "45,50", "45.50", "1,234", "1.234", "1 234,5", "1,234.50", "1.234,50", "1,234,567", "1.234.567", "0,123"),
    *("1234,567", ",5", "-1,5", "+3.25", "-1.234", "forty", "1,2,3", "1,23,456.5", "1.2.3", "1’234.50"),
)


def add_by_button(page: Page) -> None:
    """A fourth and a fifth row; the second is taken away, and nothing that was typed is lost."""
    page.get_by_label("What was done, row 1").fill("Match payments")
    page.get_by_role("button", name="Add a row").click()
    expect(page.get_by_label("What was done, row 4")).to_be_visible()
    page.get_by_label("What was done, row 2").fill("A slip")
    page.get_by_label("What was done, row 4").fill("Close the month")
    page.get_by_role("button", name="Remove row 2").click()
    expect(page.get_by_label("What was done, row 1")).to_have_value("Match payments")
    assert "A slip" not in [one.input_value() for one in page.locator("table.rows input").all()]


def paste(page: Page) -> None:
    """Four rows, copied from a spreadsheet with its titles."""
    page.get_by_label("What was done, row 1").focus()
    page.evaluate(PASTE)
    expect(page.get_by_label("Minutes, row 4")).to_have_value("40")
    expect(page.get_by_text("4 rows filled in")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_table_is_filled_in_by_keyboard_and_answered(site: LiveSystem, person: Person, javascript: bool) -> None:
    project = send_in(site, work_context={"hourly_rate": 45})
    page = person("rita", java_script_enabled=javascript, viewport={"width": 390, "height": 844})
    page.goto(f"/questions/{question_of(site, project, 'rows')}/")
    if javascript:
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "a phone scrolls it sideways"
    add_by_button(page)
    page.get_by_label("What was done, row 1").press("Enter")  # adds a row, and sends nothing
    expect(page.get_by_label("What was done, row 4")).to_be_visible()
    if javascript:
        paste(page)
    page.get_by_role("button", name="Answer").click()
    expect(page).to_have_url(re.compile(f"/projects/{project}/"))
    site.wait_for("CLARIFICATION.ANSWER_PROVIDED", project_id=project, field="rows")


def meant(typed: str) -> Decimal | None:
    """What the server reads; nothing where it asks or refuses."""
    try:
        return parse_number(typed)
    except NotANumber:
        return None


def test_a_number_is_read_back_as_the_server_reads_it(site: LiveSystem, person: Person) -> None:
    page = person("rita")
    page.goto(f"/questions/{question_of(site, send_in(site), 'hourly_rate')}/")
    field, said = page.get_by_label("Hourly rate"), page.locator("#id_answer_read")
    for typed in TYPED:
        field.fill(typed)
        field.blur()
        words = said.text_content() or ""
        read = words.removeprefix("We read this as ").rstrip(".").replace(",", "")
        assert (Decimal(read) if words.startswith("We read") else None) == meant(typed), (typed, words)
    field.fill("1,234")
    expect(said).to_have_text("This could be 1234 or 1.2340: please write the one you mean.")
    assert said.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_what_was_typed_outlives_the_session(site: LiveSystem, visitor: Person, javascript: bool) -> None:
    page = visitor(java_script_enabled=javascript)
    sign_in(page, "rita")
    path = f"/questions/{question_of(site, send_in(site), 'hourly_rate')}/"
    page.goto(path)
    page.get_by_label("Hourly rate").fill("45,50")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("You were signed out before you sent this.")).to_be_visible()
    page.fill("input[name=username]", "rita")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    if not javascript:
        page.get_by_role("button", name="Go on where you were").click()
    expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
    expect(page.get_by_label("Hourly rate")).to_have_value("45,50")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("is saved")).to_be_visible()


def test_who_is_signed_out_while_typing_keeps_the_page(site: LiveSystem, person: Person) -> None:
    page, staff = person("rita"), person("berta")
    project = send_in(site)
    with page.expect_websocket() as socket:
        page.goto(f"/questions/{question_of(site, project, 'hourly_rate')}/")
    socket.value.wait_for_event("framereceived")
    page.get_by_label("Hourly rate").fill("45,50")
    page.context.clear_cookies(name="sessionid")
    open_question(staff, site, project)
    staff.get_by_label("Hourly rate").fill("60")
    staff.keyboard.press("Control+Enter")  # the page is told to look again, and finds the sign-in page
    expect(page.locator("#live-status")).to_contain_text("You were signed out. What you typed is still here")
    expect(page.get_by_label("Hourly rate")).to_have_value("45,50")
