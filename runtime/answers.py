"""What holds for every answer of the web, whoever makes it: Django, the probes, the figures, or a refusal.

Django's middleware puts these headers on pages; the answers that never reach it get theirs here. Calls of programs over
plain HTTP are refused where Interlock is reached over TLS: a redirect would let a program send its key in the clear for
ever, and nobody would notice.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from runtime.bodies import RequestRefused, send_refusal

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# For what is no page: a browser that is led to it loads nothing, and shows it in no frame.
NO_PAGE = b"default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
FOR_PROGRAMS = ("/api/", "/artifacts/", "/chat/", "/mcp", "/scim/")
NEEDS_TLS = (
    *(403, "tls-needed", "Forbidden"),
    gettext_lazy(
        "Calls over plain HTTP are refused, not redirected: call https://, and replace the key that was sent."
    ),
)


class SafeAnswers:
    """ASGI middleware around all others: adds the headers that an answer lacks, and refuses plain calls of programs."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_secure = scope["scheme"] == "https"

        async def send_safely(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_missing(message["headers"], safe_headers(is_secure=is_secure))}
            await send(message)

        if settings.SECURE_SSL_REDIRECT and not is_secure and scope["path"].startswith(FOR_PROGRAMS):
            await send_refusal(scope, send_safely, RequestRefused(*NEEDS_TLS))
        else:
            await self.app(scope, receive, send_safely)


def safe_headers(*, is_secure: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer that is no page; that of HSTS counts over TLS alone."""
    headers = [(b"x-content-type-options", b"nosniff"), (b"content-security-policy", NO_PAGE)]
    if is_secure and settings.SECURE_HSTS_SECONDS:
        below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        headers.append((b"strict-transport-security", f"max-age={settings.SECURE_HSTS_SECONDS}{below}".encode()))
    return headers


def with_missing(said: list[tuple[bytes, bytes]], needed: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with those of the needed ones that they lack."""
    names = {bytes(name).lower() for name, _value in said}
    return [*said, *((name, value) for name, value in needed if name not in names)]
