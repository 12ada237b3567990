"""Web sockets are only for our own pages: the browser names the page's origin, and scripts cannot change that."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

PORTS = {"http": 80, "https": 443}


class OwnPages:
    """ASGI middleware: refuses web sockets of pages whose origin is neither this host and port nor trusted.

    It is Django's rule for forms: `CSRF_TRUSTED_ORIGINS` names further origins, such as that of a proxy that asks for
    another host.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Serve the socket, or refuse it before any other check."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        is_own = is_own_page(headers.get(b"origin", ""), headers.get(b"host", ""))
        return await (self.app if is_own else WebsocketDenier())(scope, receive, send)


def is_own_page(origin: str, host: str) -> bool:
    """Return True if a page of this origin may open a socket at this host."""
    try:
        page, here = urlsplit(origin), urlsplit(f"//{host}")
        usual_port = PORTS.get(page.scheme)
        is_here = page.hostname == here.hostname and (page.port or usual_port) == (here.port or usual_port)
    except ValueError:
        return False
    if usual_port is None or not page.hostname:
        return False
    return is_trusted(page) or (is_here and validate_host(page.hostname, settings.ALLOWED_HOSTS))


def is_trusted(page: SplitResult) -> bool:
    """Return True if CSRF_TRUSTED_ORIGINS names the origin or a domain above it."""
    trusted = [urlsplit(origin) for origin in settings.CSRF_TRUSTED_ORIGINS]
    return any(
        page.scheme == allowed.scheme and is_same_domain(page.netloc, allowed.netloc.lstrip("*")) for allowed in trusted
    )
