"""An OpenID provider that runs, and what the settings say of it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.test import Client

from environment.sign_in import SingleSignOn
from signin import discovery
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, PASSWORD, Provider, openid_provider
from tests.valkeys import free_ports

# A busy machine takes longer than a person would wait.
BUSY_CALL_SECONDS = 30.0


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One provider for all tests of this folder."""
    with openid_provider(tmp_path_factory.mktemp("provider"), free_ports(1)[0]) as running:
        yield running


@pytest.fixture
def sso(provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Signing in at the provider is switched on; a call changes what the settings say of it."""
    discovery.kept.clear()
    monkeypatch.setattr(discovery, "CALL_SECONDS", BUSY_CALL_SECONDS)

    def set_up(**changes: Any) -> None:
        known = SingleSignOn(provider.issuer, CLIENT_ID, CLIENT_SECRET, name="Acme", roles=(("makers", "requester"),))
        settings.SIGN_IN = replace(settings.SIGN_IN, sso=replace(known, **changes))

    set_up()
    return set_up


def at_the_provider(address: str, name: str) -> str:
    """Where the provider sends the person back, once they have logged in there."""
    with httpx.Client(follow_redirects=False) as browser:
        page = browser.get(address)
        assert page.status_code == 302, page.text
        login = httpx.URL(address).join(page.headers["Location"])
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(login).text)
        form = {"csrfmiddlewaretoken": token, "username": name, "password": PASSWORD}
        sent = browser.post(login, data=form)
        assert sent.status_code == 302, sent.text
        back = browser.get(login.join(sent.headers["Location"]))
        return str(back.headers["Location"])


def arrive(name: str, client: Client | None = None, path: str = "/sign-in/sso/") -> Any:
    """The answer to a person who comes back from the provider."""
    client = client or Client()
    started = client.get(path)
    assert started.status_code == 302, started.content
    back = httpx.URL(at_the_provider(started["Location"], name))
    return client.get(back.raw_path.decode())
