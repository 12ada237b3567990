"""Calls of Interlock's REST interface, in this process or over HTTP, and what a caller of a tool gets of a refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.server.mcpserver.exceptions import ResourceError, ToolError

# Longer than the longest wait of a call, which is that for work.
TIMEOUT_SECONDS = 60.0
# In seconds, where a refusal for too many requests names no time.
COME_BACK_SECONDS = 5.0

# Waits for these seconds; returns True if the wait was cut short, because this process is to end.
Pause = Callable[[float], Awaitable[bool]]


class Refusal(ToolError, ResourceError):
    """Interlock refused a call, or could not be reached: the words say why and what to do. `status` is that of HTTP."""

    def __init__(self, words: str, *, status: int = 0, wait: float = 0.0) -> None:
        super().__init__(words)
        self.status, self.wait = status, wait


async def sleep(seconds: float) -> bool:
    """Wait for these seconds; a `Pause` of a process that nobody ends gently."""
    await asyncio.sleep(seconds)
    return False


@dataclass(frozen=True)
class Caller:
    """The agent that calls: its way to REST, with its key, and how to wait for something."""

    client: httpx2.AsyncClient
    pause: Pause = sleep

    async def get(self, path: str, **query: str) -> Any:
        """Return the JSON of what is at the path below /api/v1/. Raises Refusal."""
        return await self.send("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any], *, key: str = "") -> Any:
        """Post the body, with the Idempotency-Key `key`, and return the JSON of the response. Raises Refusal."""
        return await self.send("POST", path, json=body, headers={"Idempotency-Key": key} if key else {})

    async def send(self, method: str, path: str, **request: Any) -> Any:
        """Send the request and return the JSON of its response. Raises Refusal."""
        try:
            response = await self.client.request(method, path, **request)
        except httpx2.TransportError as error:
            words = f"Interlock cannot be reached at {self.client.base_url}: {error}. Try again later."
            raise Refusal(words) from error
        if response.is_success:
            return response.json()
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdigit() else COME_BACK_SECONDS
        raise Refusal(words_of(response), status=response.status_code, wait=seconds)


# Who calls: over HTTP the request that is served now, over stdio the one client of the process.
current: ContextVar[Caller] = ContextVar("caller")


def words_of(response: httpx2.Response) -> str:
    """Return a refusal in words: what the problem document says, and each fault with its place."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    words = problem.get("detail") or f"Interlock answered with HTTP status {response.status_code}."
    faults = [f"{fault['pointer'] or 'body'}: {fault['detail']}" for fault in problem.get("errors", ())]
    return " ".join([words, *faults])
