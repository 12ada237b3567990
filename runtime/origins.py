"""Sockets are for pages of our own: a browser says of which site a page is, and says it truly."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

PORTS = {"http": 80, "https": 443}


class OwnPages:
    """The application, for pages whose origin has the host and the port that are asked, or is trusted.

    The rule is the one by which Django takes forms: `CSRF_TRUSTED_ORIGINS` names further origins, such as that of a
    proxy which asks for another host.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Serve the page, or refuse it before anything else is looked at."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        is_own = is_own_page(headers.get(b"origin", ""), headers.get(b"host", ""))
        return await (self.app if is_own else WebsocketDenier())(scope, receive, send)


def is_own_page(origin: str, host: str) -> bool:
    """Whether a page of this origin may open a socket at this host."""
    try:
        page, here = urlsplit(origin), urlsplit(f"//{host}")
        usual = PORTS.get(page.scheme)
        is_here = page.hostname == here.hostname and (page.port or usual) == (here.port or usual)
    except ValueError:
        return False
    if usual is None or not page.hostname:
        return False
    return is_trusted(page) or (is_here and validate_host(page.hostname, settings.ALLOWED_HOSTS))


def is_trusted(page: SplitResult) -> bool:
    """Whether a setting names the origin, or all below its domain."""
    trusted = [urlsplit(origin) for origin in settings.CSRF_TRUSTED_ORIGINS]
    return any(page.scheme == one.scheme and is_same_domain(page.netloc, one.netloc.lstrip("*")) for one in trusted)
