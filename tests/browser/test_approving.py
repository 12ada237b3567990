"""Work that somebody has to accept: rejected with notes, done again, approved; and never by who asked for it."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.desk import card, open_board, open_question, question_of, send_in
from tests.browser.live_system import LiveSystem

Person = Callable[..., Page]

DEFINITION = {
    "name": "accepted-work",
    "title": "Work that is accepted",
    "items": [{"key": "only", "title": "Write the letter", "agent_target": "generic_worker", "approval": "after"}],
}


def make_template(page: Page) -> None:
    """The template is there, made by an administrator on the page of templates; JSON is YAML too."""
    page.goto("/admin/backlog/template/")
    page.locator("#result_list tbody a", has_text="minimal").first.click()
    page.get_by_label("Definition (YAML)").fill(json.dumps(DEFINITION))
    page.locator("button", has_text="Save as version").click()
    expect(page.locator(".messagelist")).to_contain_text("ccepted-work v1")  # saved, or there already


def test_rejected_work_goes_round_again_and_approved_work_is_done(site: LiveSystem, person: Person) -> None:
    make_template(person("ann"))
    page, board = person("berta"), person("olga")
    project = send_in(site, "accepted-work", title="A letter")
    open_question(page, site, project, "approval:only")
    open_board(board, project)
    first = question_of(site, project, "approval:only")
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve the work of “Write the letter”?")

    page.get_by_role("radio", name="No", exact=True).check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Say in the notes what should be done differently")
    page.get_by_role("radio", name="No", exact=True).check()
    page.get_by_label("What should be done differently?").fill("Shorter, please.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("is answered")

    site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project, field="approval:only", revision=2)
    second = site.said("CLARIFICATION.QUESTION_ASKED", project_id=project)[-1]["payload"]["question_id"]
    assert second != first
    page.goto(f"/admin/clarifications/question/{second}/change/")
    expect(page.get_by_role("main")).to_contain_text("Shorter, please.")
    page.get_by_role("radio", name="Yes", exact=True).check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(card(board, "only", "DONE")).to_be_visible()


def test_nobody_approves_what_they_asked_for(site: LiveSystem, person: Person) -> None:
    make_template(person("ann"))
    page = person("berta")
    project = send_in(site, "accepted-work", requester="berta")
    open_question(page, site, project, "approval:only")
    page.get_by_role("radio", name="Yes", exact=True).check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("another person has to approve it")
