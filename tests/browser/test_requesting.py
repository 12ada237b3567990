"""A requester sends in a spreadsheet, is asked, answers, and reads the report; nobody else sees any of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import send_in
from tests.browser.live_system import LiveSystem
from tests.browser.visiting import Faults

Person = Callable[..., Page]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_request_with_a_spreadsheet_leads_to_its_report(site: LiveSystem, person: Person, javascript: bool) -> None:
    page = person("rita", java_script_enabled=javascript)
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="New request").first.click()
    page.get_by_label("What should be looked at?").fill("Where does the finance team lose time each month?")
    page.get_by_label("Spreadsheet").set_input_files(ROOT / "examples" / "finance_month.csv")
    page.get_by_role("main").locator("[type=submit]").first.click()
    expect(page.get_by_role("main")).to_contain_text("half a day")
    expect(page.get_by_role("main")).to_contain_text("368")
    page.get_by_role("button", name="Send the request").click()
    expect(page).to_have_url(re.compile(r"/projects/[0-9a-f-]{36}/$"))
    project = page.url.split("/")[-2]

    site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project, field="hourly_rate")
    page.goto(f"/projects/{project}/")
    page.get_by_role("link", name=re.compile("Hourly rate|Answer")).first.click()
    page.get_by_label("Hourly rate").fill("-1")
    page.get_by_role("main").locator("[type=submit]").first.click()
    expect(page.get_by_label("Hourly rate")).to_have_value("-1")
    page.get_by_label("Hourly rate").fill("45")
    page.get_by_role("main").locator("[type=submit]").first.click()
    site.wait_for("PROJECT.COMPLETED", project_id=project)
    page.goto(f"/projects/{project}/")
    expect(page.get_by_role("main")).to_contain_text("Main findings")
    page.get_by_role("link", name="Read the whole report").click()
    expect(page.locator("figure.chart svg").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("an agent could take over up to")
    page.get_by_role("link", name="See the rows behind it").first.click()
    expect(page.get_by_role("main")).to_contain_text("Rows 1 to")


def test_the_project_page_follows_the_work_by_itself(site: LiveSystem, person: Person) -> None:
    page, staff = person("rita"), person("berta")
    project = send_in(site)
    page.goto(f"/projects/{project}/")
    expect(page.get_by_role("main")).to_contain_text("Hourly rate")
    question = site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project)["payload"]["question_id"]
    staff.goto(f"/admin/clarifications/question/{question}/change/")
    staff.get_by_label("Hourly rate").fill("45")
    staff.keyboard.press("Control+Enter")
    expect(page.get_by_role("main")).to_contain_text("7 of 7 done")


def test_another_persons_project_is_not_there(site: LiveSystem, person: Person, faults: Faults) -> None:
    faults.allow("404")
    project = send_in(site, requester="rita", title="Hers alone")
    question = site.wait_for("CLARIFICATION.QUESTION_ASKED", project_id=project)["payload"]["question_id"]
    page = person("remy")
    for path in (f"/projects/{project}/", f"/projects/{project}/report/", f"/questions/{question}/"):
        response = page.goto(path)
        assert response is not None
        assert response.status == 404
        expect(page.get_by_role("main")).not_to_contain_text("Hers alone")
    page.goto("/")
    expect(page.get_by_role("main")).not_to_contain_text("Hers alone")


def test_a_requester_is_told_that_the_admin_is_not_theirs(person: Person, faults: Faults) -> None:
    faults.allow("403")
    page = person("rita")
    response = page.goto("/admin/")
    assert response is not None
    assert response.status == 403
    expect(page.get_by_role("main")).to_contain_text("The admin is for staff")
