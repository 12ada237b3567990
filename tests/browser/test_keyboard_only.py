"""Everything a person who answers does, with the keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.desk import open_question, send_in
from tests.browser.live_system import LiveSystem


def tab_to(page: Page, words: str, *, most: int = 80) -> None:
    """Press Tab until what has the focus says these words."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"):
            return
    raise AssertionError(f"Tab never came to {words!r}")


def test_a_question_is_found_and_answered_without_a_mouse(site: LiveSystem, person: Callable[..., Page]) -> None:
    page = person("berta")
    send_in(site, title="Keyboard only")
    page.goto("/admin/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") in ("#content", "#content-start")
    tab_to(page, "Inbox")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    tab_to(page, "Hourly rate")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Hourly rate")).to_be_focused()
    page.keyboard.type("45")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".messagelist")).to_contain_text("is answered")


def test_what_has_the_focus_keeps_it_when_the_page_looks_again(site: LiveSystem, person: Callable[..., Page]) -> None:
    board, other = person("olga"), person("berta")
    project = send_in(site)
    open_question(other, site, project)
    board.goto(f"/admin/backlog/project/{project}/change/")
    board.locator('#board [data-key="report"] a').first.focus()
    other.get_by_label("Hourly rate").fill("45")
    other.keyboard.press("Control+Enter")
    expect(board.locator('#board [data-key="report"][data-state="DONE"]')).to_be_visible()
    assert board.evaluate("document.activeElement.closest('[data-key]')?.dataset.key") == "report"
