"""Anthropic's Messages API, `POST /v1/messages`."""

from collections.abc import Mapping
from typing import Any

from workers.models.dialects import MOST_OUTPUT_TOKENS, Asked, Reply, count, part, parts, text
from workers.models.transport import Request

ENDS = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
    "refusal": "refusal", "tool_use": "tool",
}  # fmt: skip


def request(asked: Asked) -> Request:
    """Return the request for an answer of the given schema."""
    body: dict[str, Any] = {
        "model": asked.provider.model,
        "max_tokens": MOST_OUTPUT_TOKENS,
        "system": asked.instructions,
        "messages": [{"role": "user", "content": asked.data}],
        "output_config": {"format": {"type": "json_schema", "schema": asked.schema}},
        "stream": asked.streams,
    }
    headers = {"x-api-key": asked.provider.key, "anthropic-version": "2023-06-01"}
    return Request(f"{asked.provider.url}/v1/messages", headers, body)


def read(event: Mapping[str, Any], reply: Reply) -> None:
    """Read a whole message, or one event of a stream, into the reply."""
    if event.get("type") == "error":
        reply.error = text(part(event, "error").get("message")) or "error"
    message = part(event, "message") if event.get("type") == "message_start" else event
    for block in parts(message.get("content")):
        reply.text += text(block.get("text")) if block.get("type") == "text" else ""
    reply.text += text(part(event, "delta").get("text"))
    ended = message.get("stop_reason") or part(event, "delta").get("stop_reason")
    if ended:
        reply.ended = ENDS.get(text(ended), "tool")
    read_usage(part(message, "usage"), reply)


def read_usage(usage: Mapping[str, Any], reply: Reply) -> None:
    """Read the counts of tokens; tokens that are written to a cache or read from it count as input."""
    inputs = [count(usage.get(f"{kind}input_tokens")) for kind in ("", "cache_creation_", "cache_read_")]
    if inputs[0] is not None:
        reply.input_tokens = sum(number or 0 for number in inputs)
    if (written := count(usage.get("output_tokens"))) is not None:
        reply.output_tokens = written
