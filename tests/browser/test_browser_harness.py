"""What watches over the pages must itself be able to say no."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import COLOURS, axe
from tests.browser.live_system import LiveSystem
from tests.browser.make_people import PEOPLE
from tests.browser.visiting import EVERYBODYS_PAGE, Faults
from tests.flows import envelope
from tests.waiting import wait_until

PALE = """() => {
    const pale = document.createElement("p");
    pale.textContent = "Pale";
    Object.assign(pale.style, { color: "#999", backgroundColor: "#fff" });
    document.querySelector("main").append(pale);
}"""


def test_axe_names_the_rule_and_the_place_of_what_is_wrong(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/sign-in/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input id=nameless>')")
    [line] = axe(page)
    assert line.startswith("label: ")
    assert "#nameless" in line


def test_axe_names_a_colour_that_is_hard_to_read_each_time_it_looks(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.goto("/sign-in/")
    page.evaluate(PALE)
    for _ in range(2):
        [line] = axe(page, part=COLOURS)
        assert line.startswith("color-contrast: ")
        assert "foreground color: #999999, background color: #ffffff" in line


def test_errors_in_the_browser_are_noted_until_the_test_allows_them(
    visitor: Callable[..., Page], faults: Faults
) -> None:
    page = visitor()
    page.goto("/sign-in/")
    page.evaluate("console.error('spilt milk'); setTimeout(() => { throw new Error('broken glass') })")
    wait_until(lambda: page.evaluate("1") == 1 and len(faults.unexpected()) == 2)
    faults.allow("spilt milk")
    assert [fault for fault in faults.unexpected() if "broken glass" in fault] == faults.unexpected() != []
    faults.allow("broken glass")


def test_a_request_that_fails_is_noted(visitor: Callable[..., Page], faults: Faults) -> None:
    page = visitor()
    page.route("**/broken/", lambda route: route.fulfill(status=503))
    page.route("**/lost/", lambda route: route.abort())
    page.goto("/sign-in/")
    page.evaluate("Promise.allSettled([fetch('/broken/'), fetch('/lost/')])")
    assert any(fault.startswith("503: GET ") for fault in faults.found)
    assert any(fault.startswith("net::ERR_FAILED: GET ") for fault in faults.found)
    faults.allow("/broken/|/lost/")


def test_everybody_can_sign_in_and_each_has_a_browser_of_their_own(person: Callable[..., Page]) -> None:
    pages = {name: person(name) for name in PEOPLE}
    for name, page in pages.items():
        page.goto(EVERYBODYS_PAGE)
        expect(page.get_by_role("banner")).to_contain_text(name)


def test_a_session_that_ended_is_begun_again(person: Callable[..., Page]) -> None:
    page = person("remy")
    page.goto(EVERYBODYS_PAGE)
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in/")
    page = person("remy")
    page.goto(EVERYBODYS_PAGE)
    expect(page.get_by_role("banner")).to_contain_text("remy")


def test_the_system_takes_what_a_test_puts_on_its_log(site: LiveSystem) -> None:
    before = site.dead_letters()
    site.put(b"{not json", envelope("NOBODY.KNOWS_THIS", {}))
    wait_until(lambda: site.dead_letters() == before + 2, 30)
