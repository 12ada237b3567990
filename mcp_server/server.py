"""The MCP server: which tools and resources it has, the same over HTTP and over stdio."""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.request_state import RequestStateSecurity
from mcp_types import ToolAnnotations

from mcp_server import asking, work

INSTRUCTIONS = (
    "Interlock asks people and has work done. Ask a person with ask_person, and before you do what cannot be undone,"
    " ask for an approval with request_approval. Keep the handle: the answer may come after you have ended, and"
    " get_answer returns it then. You cannot answer or approve anything yourself."
)
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
TOOLS: tuple[tuple[Callable[..., Any], ToolAnnotations], ...] = (
    (asking.ask_person, WRITES),
    (asking.request_approval, WRITES),
    (asking.get_answer, READS),
    (work.open_project, WRITES),
    (work.project_status, READS),
    (work.get_deliverable, READS),
    (work.lease_work, WRITES),
    (work.complete_work, WRITES),
)
RESOURCES: dict[str, Callable[..., Any]] = {
    "interlock://projects": work.projects,
    "interlock://projects/{project}": work.project,
    "interlock://projects/{project}/report": work.report,
}


def build_server(version: str, *, security: RequestStateSecurity | None = None) -> MCPServer[Any]:
    """Return the server; who calls is in `rest.current`.

    `security` protects what a client keeps between two rounds of a call; without one, the key is new.
    """
    server: MCPServer[Any] = MCPServer(
        "interlock",
        title="Interlock",
        instructions=INSTRUCTIONS,
        version=version,
        request_state_security=security,
        log_level="WARNING",
        # Nothing is pushed: a client reads a resource again.
        subscriptions=False,
    )
    for tool, annotations in TOOLS:
        server.tool(annotations=annotations)(tool)
    for address, read in RESOURCES.items():
        server.resource(address, mime_type="application/json")(read)
    return server
