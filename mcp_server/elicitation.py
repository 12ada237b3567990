"""Asking the person at the agent's own client (MCP's elicitation), beside the inbox.

What comes back was passed on by the agent's client, so it proves less than an answer on Interlock's pages. It is sent
to REST as an answer of the key's account, marked as such, and counts only if that account may answer the question: a
service account never may, and no approval is asked for in this way.
"""

from typing import Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import NoBackChannelError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from mcp_server.rest import Caller, Refusal

# The first version of the protocol in which a question to the client is a result, and its answer comes with a repeated
# call; before it, the server sent a request of its own, which needs a session.
BY_REPEATED_CALL = "2026-07-28"
# The name of the single field of a form, and of the question in a result.
FIELD = "answer"
TYPES = ("string", "number", "integer", "boolean")
KEPT = ("type", "title", "description", "enum", "minLength", "maxLength", "minimum", "maximum", "default")
FORMATS = ("email", "uri", "date", "date-time")


async def may_be_asked(context: Context[Any, Any], caller: Caller) -> bool:
    """Return True if the client shows forms and the key's account is a person's, with the scope to answer."""
    capabilities = context.client_capabilities
    can = capabilities.elicitation if capabilities else None
    if can is None or (can.form is None and can.url is not None):
        return False
    me = await caller.get("me")
    return not me["is_service"] and "questions" in (me["scopes"] or ())


async def ask_client(context: Context[Any, Any], question: dict[str, Any]) -> ElicitResult | InputRequiredResult | None:
    """Ask the client's person: return the response, or the result that makes the client ask; None if it cannot."""
    form = form_of(question["schema"])
    if form is None:
        return None
    words = " ".join(filter(None, (question["title"], question["reason"])))
    if (context.protocol_version or "") >= BY_REPEATED_CALL:
        request = ElicitRequest(params=ElicitRequestFormParams(message=words, requested_schema=form))
        return InputRequiredResult(input_requests={FIELD: request}, request_state=question["id"])
    try:
        response: ElicitResult = await context.session.elicit_form(words, form, context.request_id)
    except NoBackChannelError:
        return None
    return response


async def relay(caller: Caller, question: dict[str, Any], response: Any) -> str:
    """Answer the question with what the client's person filled in; return why that did not count, "" if it did."""
    if not isinstance(response, ElicitResult) or response.action != "accept" or response.content is None:
        return "The person at the client did not answer; the question stays in the inbox."
    is_object = question["schema"].get("type") == "object"
    answer = response.content if is_object else response.content.get(FIELD)
    try:
        await caller.post(f"questions/{question['id']}/answer", {"answer": answer, "relayed_by_agent": True})
    except Refusal as refusal:
        return f"The answer from the client did not count: {refusal}"
    return ""


def form_of(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the form, as MCP restricts it, for an answer of this schema; None if it needs more than flat fields."""
    fields = schema.get("properties", {}) if schema.get("type") == "object" else {FIELD: schema}
    if not fields or not all(is_flat(field) for field in fields.values()):
        return None
    required = schema.get("required", []) if schema.get("type") == "object" else [FIELD]
    return {"type": "object", "properties": {name: kept(field) for name, field in fields.items()}, "required": required}


def is_flat(field: Any) -> bool:
    """Return True if a form can have a field of this schema."""
    if not isinstance(field, dict) or field.get("type") not in TYPES:
        return False
    return field["type"] == "string" or "enum" not in field


def kept(field: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the schema that a form can have; Interlock holds the answer to the whole."""
    words = {name: value for name, value in field.items() if name in KEPT}
    return {**words, "format": field["format"]} if field.get("format") in FORMATS else words
