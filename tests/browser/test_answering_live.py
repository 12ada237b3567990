"""A question reaches people by itself, is answered, and the board of somebody else moves."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.desk import card, open_board, open_question, question_of, send_in
from tests.browser.live_system import LiveSystem
from tests.waiting import wait_until

Person = Callable[..., Page]


def test_a_question_appears_in_the_inbox_without_reload_and_its_answer_moves_anothers_board(
    site: LiveSystem, person: Person
) -> None:
    inbox, board = person("berta"), person("olga")
    with inbox.expect_websocket() as socket:
        inbox.goto("/admin/clarifications/question/?whose=all")
    socket.value.wait_for_event("framereceived")
    inbox.evaluate("window.notReloaded = true")
    project = send_in(site, title="Where the desk loses time")
    expect(inbox.locator("#inbox tr", has_text="Where the desk loses time")).to_be_visible()
    open_board(board, project)
    expect(card(board, "cost", "BLOCKED")).to_be_visible()
    assert inbox.evaluate("window.notReloaded")

    inbox.locator("#inbox tr", has_text="Where the desk loses time").locator("th a").click()
    expect(inbox.get_by_role("heading", level=1)).to_have_text("Hourly rate")
    inbox.get_by_label("Hourly rate").fill("-3")
    inbox.get_by_role("button", name="Answer", exact=True).click()
    expect(inbox.get_by_role("alert")).to_contain_text("Nothing changed yet")
    expect(inbox.get_by_label("Hourly rate")).to_have_value("-3")
    expect(inbox.get_by_label("Hourly rate")).to_have_attribute("aria-invalid", "true")
    expect(card(board, "cost", "BLOCKED")).to_be_visible()

    inbox.get_by_label("Hourly rate").fill("45")
    inbox.get_by_role("button", name="Answer", exact=True).click()
    expect(inbox.locator(".messagelist")).to_contain_text("“Hourly rate” is answered.")
    expect(card(board, "report", "DONE")).to_be_visible()
    expect(board.locator("#standing")).to_contain_text("Done")
    expect(board.locator("#deliverables")).to_contain_text("cost_analysis")


def test_the_count_of_waiting_questions_changes_by_itself(site: LiveSystem, person: Person) -> None:
    page, loaded_again = person("anton"), person("anton")
    with page.expect_websocket() as socket:
        page.goto("/admin/clarifications/question/")
    socket.value.wait_for_event("framereceived")

    def is_current() -> bool:
        loaded_again.goto("/admin/clarifications/question/")
        return waiting_at(page) == waiting_at(loaded_again)

    wait_until(is_current)  # what other tests began may still ask
    before = waiting_at(page)
    question_of(site, send_in(site, title="One more"), "hourly_rate")
    wait_until(lambda: waiting_at(page) > before and is_current())


def waiting_at(page: Page) -> int:
    """The count of waiting questions that the page shows."""
    badge = page.locator(".badge")
    return int(badge.inner_text().split()[0]) if badge.count() else 0


def test_when_two_people_answer_the_second_is_told_who_when_and_what(site: LiveSystem, person: Person) -> None:
    project = send_in(site)
    first, second = person("berta"), person("anton")
    open_question(first, site, project)
    open_question(second, site, project)
    second.route("**/ws/**", lambda route: route.abort())
    first.get_by_label("Hourly rate").fill("45")
    second.get_by_label("Hourly rate").fill("60")
    first.get_by_role("button", name="Answer", exact=True).click()
    expect(first.locator(".messagelist")).to_contain_text("is answered")
    second.get_by_role("button", name="Answer", exact=True).click()
    expect(second.locator(".messagelist")).to_contain_text("was answered by berta with 45")
    expect(second.locator(".messagelist")).to_contain_text("the first answer stands")
    expect(second.locator("#standing")).to_contain_text("Answered by berta")


def test_a_person_who_looks_at_a_question_sees_at_once_that_it_was_answered(site: LiveSystem, person: Person) -> None:
    project = send_in(site)
    first, second = person("berta"), person("anton")
    open_question(second, site, project)
    open_question(first, site, project)
    first.get_by_label("Hourly rate").fill("45")
    first.keyboard.press("Control+Enter")
    expect(second.locator("#standing")).to_contain_text("Answered by berta through admin")
    expect(first.get_by_text("is answered").first).to_be_visible()  # it is not closed on its way


def test_a_question_is_taken_on_and_handed_over(site: LiveSystem, person: Person) -> None:
    page = person("berta")
    open_question(page, site, send_in(site))
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator("#waits-for")).to_have_text("berta")
    page.get_by_text("Assign to another person or group").click()
    page.get_by_label("To", exact=True).select_option("operator")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("#waits-for")).to_have_text("operator")
