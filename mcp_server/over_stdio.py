"""The server over standard input and output, for a client that starts its servers as processes.

It sends each call to an Interlock that runs elsewhere, with the key that it was given: it has no way to the database.
"""

import httpx2

from mcp_server.rest import TIMEOUT_SECONDS, Caller, current
from mcp_server.server import build_server


async def serve(address: str, key: str, version: str) -> None:
    """Serve one client until its end. `address` is that of Interlock, such as https://interlock.example.org."""
    headers = {"Authorization": f"Bearer {key}"}
    base_url = f"{address.rstrip('/')}/api/v1/"
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        current.set(Caller(client))
        await build_server(version).run_stdio_async()
