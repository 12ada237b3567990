"""A page whose connection is cut says so, and catches up from the database when it is back."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.desk import card, open_board, open_question, send_in
from tests.browser.live_system import LiveSystem
from tests.browser.visiting import Faults


def test_a_cut_page_says_so_and_catches_up(site: LiveSystem, person: Callable[..., Page], faults: Faults) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    board, other = person("olga"), person("berta")
    project = send_in(site)
    open_board(board, project)
    expect(card(board, "cost", "BLOCKED")).to_be_visible()
    board.context.set_offline(True)
    expect(board.locator("#live-status")).to_contain_text("Not connected")

    open_question(other, site, project)
    other.get_by_label("Hourly rate").fill("45")
    other.keyboard.press("Control+Enter")
    site.wait_for("PROJECT.COMPLETED", project_id=project)
    expect(card(board, "cost", "BLOCKED")).to_be_visible()

    board.context.set_offline(False)
    expect(card(board, "report", "DONE")).to_be_visible()
    expect(board.locator("#live-status")).to_contain_text("Connected again")
