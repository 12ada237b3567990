"""The server over Streamable HTTP, as an ASGI application in the process that also serves REST.

No request needs another one before it: there are no sessions, so any web process answers any request, and a restart
breaks nothing. Each request brings its key, which is checked by REST before anything else, and counts for its rate.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import httpx2
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings

from mcp_server.rest import TIMEOUT_SECONDS, Caller, Pause, current
from mcp_server.server import build_server

Scope = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]
# What of a request REST gets to see too. A cookie is not among them: a page of another site cannot make calls here.
PASSED_ON = (
    *(b"authorization", b"host", b"accept-language", b"user-agent", b"traceparent"),
    *(b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
)
# Of REST's refusal of the key, these headers go back.
PASSED_BACK = ("content-type", "www-authenticate", "retry-after")
# In seconds: how long a person may take to fill in a form of the client.
FORM_SECONDS = 24 * 3600.0
MOST_CALLS_AN_ACCOUNT = 100
TOO_MANY = {
    "type": "urn:interlock:problem:too-many-connections",
    "title": "Too Many Requests",
    "status": 429,
    "detail": "Your account has as many calls of agents open as one may have. End one, or come back later.",
}


class HttpServer:
    """The MCP server of a web process. `rest` is the ASGI application that serves REST.

    `state_key` is the same in all web processes: a client may finish with one what it began with another.
    """

    def __init__(self, rest: App, *, version: str, state_key: bytes, pause: Pause) -> None:
        security = RequestStateSecurity(keys=[state_key], ttl=FORM_SECONDS, bind_principal=key_digest)
        self.server = build_server(version, security=security)
        # Django checks the host of each call, and only who has a key can call.
        unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self.server.streamable_http_app(stateless_http=True, transport_security=unchecked)
        self.rest, self.pause = rest, pause
        self.calls: Counter[str] = Counter()

    async def run(self, ready: asyncio.Event) -> None:
        """Hold what the requests of this process need, until the task is cancelled."""
        async with self.server.session_manager.run():
            ready.set()
            await asyncio.Event().wait()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a request; one whose key REST refuses gets REST's refusal."""
        async with self.client_for(scope) as client:
            me = await client.get("me")
            if not me.is_success:
                headers = [(name.encode(), me.headers[name].encode()) for name in PASSED_BACK if name in me.headers]
                await send_response(send, me.status_code, headers, me.content)
                return
            name = str(me.json()["username"])
            if self.calls[name] >= MOST_CALLS_AN_ACCOUNT:
                kind = (b"content-type", b"application/problem+json")
                await send_response(send, 429, [kind], json.dumps(TOO_MANY).encode())
                return
            self.calls[name] += 1
            # The tasks that serve this request, and no others, inherit it.
            current.set(Caller(client, self.pause))
            try:
                await self.server.session_manager.handle_request(scope, receive, send)
            finally:
                self.calls -= Counter({name: 1})

    def client_for(self, scope: Scope) -> httpx2.AsyncClient:
        """Return a client of REST in this process, which calls as the request's caller: same key, host and address."""
        headers = [(name, value) for name, value in scope["headers"] if name in PASSED_ON]
        host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "localhost")
        address = tuple(scope.get("client") or ("", 0))
        transport = httpx2.ASGITransport(self.rest, client=(str(address[0]), int(address[1])))
        base_url = f"{scope.get('scheme', 'http')}://{host}/api/v1/"
        return httpx2.AsyncClient(
            transport=transport, base_url=base_url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )


def key_digest(context: Any) -> str | None:
    """Return a digest of the caller's key: what one key was given between two rounds, no other may bring back."""
    authorization = context.request.headers.get("authorization", "")
    return sha256(authorization.encode()).hexdigest()


async def send_response(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a complete response."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
