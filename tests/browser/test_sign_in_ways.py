"""Signing in as companies do it: at a real OpenID provider, with codes of an app, with a passkey.

A second web process of the live system runs with other settings: staff needs a second factor, and there is a provider.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from runtime.processes import tied_to_parent
from signin.totp import code_at, counter_now
from tests import openid_provider
from tests.browser.accessibility import axe
from tests.browser.live_system import LiveSystem, environment, free_port, wait_for_web
from tests.browser.make_people import PASSWORD
from tests.browser.test_sign_in_page import sign_in_as
from tests.browser.visiting import Faults
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.processes import ROOT

FACTOR = "/preferences/second-factor/"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider at which people log in."""
    with openid_provider.openid_provider(tmp_path_factory.mktemp("provider"), free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def strict(site: LiveSystem, provider: Provider) -> Iterator[str]:
    """The address of the web process with the other settings."""
    address = f"localhost:{free_port()}"
    said = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "REQUIRE_SECOND_FACTOR": "staff",
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "Acme",
        "OIDC_ROLES": "makers=requester",
    }
    words = [sys.executable, str(ROOT / "manage.py"), "web", "--at", address.replace("localhost", "127.0.0.1")]
    with (site.folder / "strict.log").open("ab") as log:
        process = subprocess.Popen(tied_to_parent(words), env=environment(site.folder) | said, stdout=log, stderr=log)
    try:
        wait_for_web(f"http://{address}/sign-in/", process, site.folder / "strict.log")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def code_of(secret: str, *, later: int = 0) -> str:
    """What an app shows for the key now, or so many periods later."""
    return code_at(secret, counter_now() + later)


def path_of(page: Page) -> str:
    """The path of the page that is shown."""
    return urlsplit(page.url).path


def test_a_person_comes_in_at_the_provider_and_out_again(
    visitor: Callable[..., Page], strict: str, provider: Provider, faults: Faults
) -> None:
    faults.allow(r"favicon\.ico")  # the provider has none
    strict = strict.replace("localhost", "127.0.0.1")  # where the provider does not care for the port
    provider.has("mia", email="mia@example.org", email_verified=True, groups=["makers"], given_name="Mia")
    page = visitor()
    page.goto(f"{strict}/sign-in/?next=/preferences/")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.fill("input[name=username]", "mia")
    page.fill("input[name=password]", openid_provider.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{strict}/preferences/")
    expect(page.get_by_role("banner")).to_contain_text("Mia")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(f"{strict}/sign-in/")


def test_staff_set_up_an_app_and_sign_in_with_its_code_or_a_recovery_code(
    visitor: Callable[..., Page], strict: str
) -> None:
    page = visitor()
    page.goto(f"{strict}/admin/")
    sign_in_as(page, "tessa", PASSWORD)
    expect(page).to_have_url(f"{strict}{FACTOR}")
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
    page.get_by_role("link", name="Set up an app").click()
    assert axe(page) == []
    secret = page.locator("#totp-key").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up").click()
    codes = page.locator("#recovery-codes li")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.goto(f"{strict}/admin/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert path_of(page) == "/admin/"

    for code, is_right in (("000000", False), (code_of(secret, later=1), True), (recovery, True), (recovery, False)):
        try_code(page, strict, code, is_right=is_right)


def try_code(page: Page, strict: str, code: str, *, is_right: bool) -> None:
    """Sign tessa in anew with this code: she is let in, or sent back with the reason."""
    page.context.clear_cookies()
    page.goto(f"{strict}/sign-in/")
    sign_in_as(page, "tessa", PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    page.get_by_label("Code").fill(code)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    if is_right:
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    else:
        expect(page.get_by_text("This code is wrong, or was used already.")).to_be_visible()
        page.goto(f"{strict}/admin/")
        sign_in_again = re.compile(r"/sign-in/\?next=")
        expect(page).to_have_url(sign_in_again)


def test_a_passkey_is_added_and_asked_for(visitor: Callable[..., Page], strict: str) -> None:
    page = visitor()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    page.goto(f"{strict}/sign-in/?next={FACTOR}")
    sign_in_as(page, "paul", PASSWORD)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Paul's laptop")
    assert axe(page) == []
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_text("Your passkey is added.")).to_be_visible()
    assert (
        len(devtools.send("WebAuthn.getCredentials", {"authenticatorId": device["authenticatorId"]})["credentials"])
        == 1
    )
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in_as(page, "paul", PASSWORD)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


def test_a_person_ends_a_session_elsewhere(visitor: Callable[..., Page], strict: str) -> None:
    here, there = visitor(user_agent="Here"), visitor(user_agent="There")
    for page in (here, there):
        page.goto(f"{strict}/sign-in/?next=/preferences/sessions/")
        sign_in_as(page, "rita", PASSWORD)
        expect(page.get_by_role("heading", level=1)).to_have_text("Where you are signed in")
    here.reload()
    card = here.locator("li.card").filter(has_text="There").first
    card.get_by_role("button").click()
    expect(here.get_by_text("That session is ended.")).to_be_visible()
    there.goto(f"{strict}/preferences/")
    expect(there).to_have_url(re.compile("/sign-in/"))
