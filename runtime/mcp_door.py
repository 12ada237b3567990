"""The address /mcp, at which agents find Interlock as a server of the Model Context Protocol.

The server is imported with the first request: most installations have no agents, and it takes 25 MB and half a second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from config.version import current_version
from events.seal import key_from
from runtime.bodies import RequestRefused, send_refusal
from runtime.draining import waiting
from telemetry.requests import note_route

Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

PATH = "/mcp"
PURPOSE = b"interlock mcp"
NOT_INSTALLED = (
    *(501, "mcp-unavailable", "Not Implemented"),
    gettext_lazy("This installation has no MCP server: pip install 'interlock[mcp]', then start Interlock again."),
)
ONLY_POST = (
    *(405, "method-not-allowed", "Method Not Allowed"),
    gettext_lazy("A client of the Model Context Protocol sends POST requests to this address, and no others."),
)


class McpDoor:
    """ASGI middleware that serves /mcp; every other request goes to the application, which serves REST."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.starting = asyncio.Lock()
        self.server: App | None = None

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"].rstrip("/") != PATH:
            await self.app(scope, receive, send)
            return
        try:
            if scope["method"] != "POST":
                raise RequestRefused(*ONLY_POST)
            server = await self.started()
        except RequestRefused as error:
            await send_refusal(scope, send, error)
            return
        await server(scope, receive, send)
        note_route(PATH.strip("/"), "")

    async def started(self) -> App:
        """Return the server, started by the first request. Raises RequestRefused if it is not installed."""
        async with self.starting:
            if self.server is None:
                if find_spec("mcp") is None:
                    raise RequestRefused(*NOT_INSTALLED)
                module = await asyncio.to_thread(import_module, "mcp_server.over_http")
                key = key_from(settings.SECRET_KEY, settings.NAMESPACE, PURPOSE)
                server = module.HttpServer(self.app, version=current_version(), state_key=key, pause=pause)
                ready = asyncio.Event()
                self.running = asyncio.create_task(server.run(ready))
                await ready.wait()
                self.server = server
            return self.server


async def pause(seconds: float) -> bool:
    """Wait for these seconds; return True at once if this process is to end."""
    ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with waiting.until(ending):
        await asyncio.wait({ending}, timeout=seconds)
    return ending.cancelled()
