"""A person maps the columns of their file on the preview, with the keyboard, with and without scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import axe
from tests.browser.live_system import LiveSystem

Person = Callable[..., Page]
CSV = "Task,Kind,Hours,Est,Who\nPay,A,1.5,2,Ann\nFile,B,soon,3,Bob\nPost,A,0.25,1,Ann\nTotal,,1.75,6,\n"


def previewed(page: Page, folder: Path) -> None:
    """The page shows the preview of the file."""
    file = folder / "team.csv"
    file.write_text(CSV)
    page.goto("/requests/new/")
    page.get_by_label("Spreadsheet").set_input_files(file)
    page.get_by_role("main").locator("form [type=submit]").first.click()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_columns_rows_and_cells_are_put_right_on_the_preview(
    site: LiveSystem, person: Person, tmp_path: Path, javascript: bool
) -> None:
    page = person("rita", java_script_enabled=javascript)
    previewed(page, tmp_path)
    main = page.get_by_role("main")
    expect(main).to_contain_text("1 row does not count")
    page.get_by_label("Row 3, “Hours”").fill("2:00")
    page.get_by_label("Row 3, “Hours”").press("Enter")
    expect(page.locator(".headline")).to_contain_text("225")
    expect(main).to_contain_text("What you decided")

    page.get_by_role("combobox", name="Est").select_option("duration")
    page.get_by_role("button", name="Look again").first.click()
    expect(page.get_by_role("combobox", name="Hours", exact=True)).to_have_value("")
    page.get_by_label("Unit of its numbers").select_option("h")
    page.get_by_role("button", name="Look again").first.click()
    expect(page.locator(".headline")).to_contain_text("360")
    page.get_by_role("button", name="Count it row 5").click()
    expect(page.locator(".headline")).to_contain_text("720")
    page.get_by_role("button", name="Leave out row 2").click()
    expect(page.locator(".headline")).to_contain_text("600")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("main")).to_contain_text("rows from “team.csv”")

    previewed(page, tmp_path)
    expect(page.get_by_role("note").filter(has_text="Read as you chose")).to_contain_text("Duration: Est")
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("note").filter(has_text="Read as you chose")).to_have_count(0)


def test_the_preview_has_no_barrier(site: LiveSystem, person: Person, tmp_path: Path) -> None:
    page = person("rita")
    previewed(page, tmp_path)
    assert axe(page) == []
