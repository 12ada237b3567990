"""Agents: the official client of the Model Context Protocol, at a web process of the system.

The client is imported by the test that begins one: it takes half a CPU second in each process of a parallel run.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

if TYPE_CHECKING:
    from mcp import Client

T = TypeVar("T")


@asynccontextmanager
async def agent_at(port: int, headers: Mapping[str, str], **options: Any) -> AsyncIterator["Client"]:
    """The client, with the key in these headers."""
    mcp, http_transport = import_module("mcp"), import_module("mcp.client.streamable_http")
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        mcp.Client(
            http_transport.streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http), **options
        ) as client,
    ):
        yield client


async def called(client: "Client", tool: str, **arguments: Any) -> dict[str, Any]:
    """What the tool returns."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def refused(client: "Client", tool: str, **arguments: Any) -> str:
    """The words with which the tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


def run(test: Callable[[], Awaitable[T]], seconds: float = 60) -> T:
    """Run the test's own loop, for at most these seconds."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await test()

    return asyncio.run(bounded())
