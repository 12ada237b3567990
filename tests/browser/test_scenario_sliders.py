"""A reader moves the assumptions of a scenario with the keyboard; without scripts the values of the report stand."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.desk import ROWS, send_in
from tests.browser.live_system import LiveSystem

Person = Callable[..., Page]


def reported(site: LiveSystem) -> str:
    """The id of a project whose report is complete."""
    context = {"rows": ROWS, "hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}}
    project = send_in(site, work_context=context)
    site.wait_for("PROJECT.COMPLETED", project_id=project)
    return project


def figure(page: Page, name: str) -> str:
    """One figure of the scenario as the page shows it."""
    return page.locator(f"[data-out={name}]").inner_text()


def amount(words: str) -> float:
    """The number at the beginning of the words, in English."""
    return float(words.replace("%", " ").split()[0].replace(",", ""))


def test_the_scenario_follows_its_sliders_and_says_so_politely(site: LiveSystem, person: Person) -> None:
    page = person("rita")
    page.goto(f"/projects/{reported(site)}/report/")
    before = {name: amount(figure(page, name)) for name in ("share", "hours", "monthly", "annual")}
    warning = page.get_by_text("those of your own assumptions")
    expect(warning).to_be_hidden()

    page.get_by_label("Cap: most that an agent could take over").focus()
    page.keyboard.press("Home")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert figure(page, "share") == "10%"
    hours = amount(figure(page, "hours"))
    assert abs(hours - before["hours"] * 10 / before["share"]) < 0.02
    assert abs(amount(figure(page, "monthly")) - hours * 45) < 0.5
    expect(warning).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="10% of the work")).to_have_count(1)
    assert page.locator("#slider-cap").get_attribute("aria-valuetext") == "10%"

    page.get_by_label("Hourly rate").focus()
    page.keyboard.press("ArrowRight")
    assert abs(amount(figure(page, "monthly")) - hours * 46) < 0.5

    page.get_by_role("button", name="Back to the values of the report").press("Enter")
    expect(warning).to_be_hidden()
    assert {name: amount(figure(page, name)) for name in before} == before


def test_the_reports_own_figures_stand_without_scripts(site: LiveSystem, person: Person) -> None:
    project = reported(site)
    with_scripts, without = person("rita"), person("rita", java_script_enabled=False)
    for page in (with_scripts, without):
        page.goto(f"/projects/{project}/report/")
    assert figure(without, "monthly") == figure(with_scripts, "monthly")
    expect(without.locator("[data-sliders]")).to_be_hidden()
