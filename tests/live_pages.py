"""A page's live socket, as the server hands it to the application."""

import json
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator

# Far longer than an answer takes, also on a busy machine.
ROOM_SECONDS = 15.0


class LivePage(ApplicationCommunicator):  # type: ignore[misc]  # asgiref has no types
    """A socket that a page opens at the address."""

    def __init__(self, application: Any, address: str, headers: list[tuple[bytes, bytes]]) -> None:
        parts = urlsplit(address)
        about = {"path": parts.path, "query_string": parts.query.encode(), "headers": headers, "subprotocols": []}
        super().__init__(application, {"type": "websocket", **about})

    async def connect(self) -> bool:
        """Open the socket; return whether it was taken."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(ROOM_SECONDS)
        return bool(answer["type"] == "websocket.accept")

    async def receive(self) -> Any:
        """Return the next message. Raises AssertionError when the socket is closed instead."""
        message = await self.receive_output(ROOM_SECONDS)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def disconnect(self) -> None:
        """Leave, as a browser does, and wait until the application has ended."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(ROOM_SECONDS)
