"""The HTTP client for calls of the OpenID provider: they end in time, and few at once wait for it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from environment.sign_in import WELL_KNOWN

logger = logging.getLogger(__name__)

# How long a call may take; a thread that serves pages waits for it.
CALL_SECONDS = 5.0
# Keys and addresses of a provider change seldom; allauth asks for them with each sign-in.
KEPT_SECONDS = 600.0
# Sign-ins that may wait for the provider at the same time, of the 16 threads of a web process.
MOST_AT_ONCE = 4

kept: dict[str, tuple[float, requests.Response]] = {}
places = threading.BoundedSemaphore(MOST_AT_ONCE)


class ProviderBusy(requests.RequestException):
    """Too many sign-ins wait for the provider."""


class WrongIssuer(requests.RequestException):
    """The description that was found is that of another provider."""


class DiscoverySession(requests.Session):
    """A session whose calls end in time, follow no redirect, and keep the provider's description of itself."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Return the response, of the description that which is kept. Raises requests.RequestException."""
        address = str(url)
        if address.endswith(WELL_KNOWN) and (found := kept.get(address)) and found[0] > time.monotonic():
            return found[1]
        kwargs |= {"timeout": CALL_SECONDS, "allow_redirects": False}
        response = super().request(method, url, *args, **kwargs)
        if address.endswith(WELL_KNOWN) and response.ok:
            require_own_issuer(response, address)
            kept[address] = (time.monotonic() + KEPT_SECONDS, response)
        return response


def require_own_issuer(response: requests.Response, address: str) -> None:
    """Raise WrongIssuer unless the description names the issuer at whose address it is (OpenID Connect Discovery 4.3).

    Otherwise one provider could describe itself as another, and its tokens would count as the other's.
    """
    said, expected = str(response.json().get("issuer")), address.removesuffix(WELL_KNOWN)
    if said.rstrip("/") != expected.rstrip("/"):
        logger.error("OIDC_ISSUER is %s, and the provider there calls itself %s: nobody is signed in", expected, said)
        raise WrongIssuer


@contextmanager
def place_for_call() -> Iterator[None]:
    """Hold one of the places for sign-ins that wait for the provider. Raises ProviderBusy if all are taken."""
    if not places.acquire(blocking=False):
        raise ProviderBusy
    try:
        yield
    finally:
        places.release()
