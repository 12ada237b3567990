"""A broken message: seen, marked, corrected, replayed, and its project opened."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.live_system import LiveSystem
from tests.flows import request
from tests.waiting import wait_until


def test_a_dead_letter_is_corrected_and_replayed(site: LiveSystem, person: Callable[..., Page]) -> None:
    broken = request("minimal", title="Repaired", request_text="Where?", surprise=1)
    before = site.dead_letters()
    site.put(broken)
    wait_until(lambda: site.dead_letters() > before, 20)
    page = person("olga")
    page.goto("/admin/events/deadletter/")
    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_role("main")).to_contain_text("surprise")
    expect(page.locator("mark").first).to_be_visible()

    editor = page.get_by_label("Event (JSON)")
    text = editor.input_value()
    page.get_by_role("button", name="Save and replay").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(editor).to_have_value(text)

    editor.fill(text.replace('"surprise": 1', '"template": "minimal"').replace('"template": "minimal",\n', "", 1))
    page.get_by_role("button", name="Save and replay").click()
    expect(page.get_by_role("main")).to_contain_text("Replayed")
    site.wait_for("PROJECT.OPENED", project_id=broken["payload"]["project_id"])
