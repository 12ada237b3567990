"""A real browser takes a report as a file, and shares it with somebody who cannot sign in."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import axe
from tests.browser.demo_data import opened, rows
from tests.browser.live_system import LiveSystem
from tests.browser.visiting import Faults

PHONE = {"width": 390, "height": 844}


def reported(site: LiveSystem, title: str) -> str:
    """The id of a project of rita's that has its report."""
    project = opened(site, title, requester="rita", context={"hourly_rate": 45, **rows()})
    site.wait_for("REPORT.FINAL_PUBLISHED", project_id=project, seconds=60)
    return project


def test_a_file_says_that_it_is_being_made_and_then_how_large_it_is(
    site: LiveSystem, person: Callable[..., Page]
) -> None:
    page = person("rita")
    page.goto(f"/projects/{reported(site, 'As a file')}/report/")
    status = page.locator("[data-file-status]")
    for button, ending in (("PDF", ".pdf"), ("Excel workbook", ".xlsx")):
        with page.expect_download() as download:
            page.get_by_role("link", name=button).click()
        assert download.value.suggested_filename == f"as-a-file{ending}"
        expect(status).to_contain_text("The file is ready:")
        expect(status).to_contain_text("kB")


def test_a_refused_file_is_said_on_the_page(site: LiveSystem, person: Callable[..., Page], faults: Faults) -> None:
    page = person("rita")
    page.goto(f"/projects/{reported(site, 'Refused')}/report/")
    refusal = "<p data-refusal>Many PDF files are being made at the moment.</p>"
    page.route("**/report.pdf", lambda route: route.fulfill(status=503, content_type="text/html", body=refusal))
    faults.allow("503")
    page.get_by_role("link", name="PDF").click()
    expect(page.locator("[data-file-status]")).to_have_text("Many PDF files are being made at the moment.")


def test_a_link_is_made_read_by_a_stranger_and_revoked(
    site: LiveSystem, person: Callable[..., Page], visitor: Callable[..., Page], faults: Faults
) -> None:
    page, stranger = person("rita"), visitor(viewport=PHONE)
    page.goto(f"/projects/{reported(site, 'Shared')}/report/")
    page.get_by_role("link", name="Share this report").click()
    page.get_by_label("For whom").fill("the board")
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_label("Copy it now").input_value()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="Main findings")).to_be_visible()
    assert stranger.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
    faults.allow("Applying inline style violates")  # axe-core tries one on some pages; ours have none
    assert axe(stranger) == []
    assert axe(page) == []
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The link is revoked")).to_be_visible()
    faults.allow("410")
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="There is nothing to show")).to_be_visible()
    assert axe(stranger) == []
