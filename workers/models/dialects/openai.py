"""OpenAI's Chat Completions, `POST /chat/completions`, which vLLM, Ollama and many others speak too."""

from collections.abc import Mapping
from typing import Any

from workers.models.dialects import MOST_OUTPUT_TOKENS, Asked, Reply, count, part, parts, text
from workers.models.transport import Request

ENDS = {"stop": "stop", "length": "length", "content_filter": "refusal"}


def request(asked: Asked) -> Request:
    """Return the request for an answer of the given schema. Others know the older name of the limit of tokens only."""
    is_original = asked.provider.name == "openai"
    body: dict[str, Any] = {
        "model": asked.provider.model,
        "messages": [
            {"role": "system", "content": asked.instructions},
            {"role": "user", "content": asked.data},
        ],
        "max_completion_tokens" if is_original else "max_tokens": MOST_OUTPUT_TOKENS,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": asked.schema},
        },
        "stream": asked.streams,
    }
    body |= {"store": False} if is_original else {}
    body |= {"stream_options": {"include_usage": True}} if asked.streams else {}
    headers = {"authorization": f"Bearer {asked.provider.key}"} if asked.provider.key else {}
    return Request(f"{asked.provider.url}/chat/completions", headers, body)


def read(event: Mapping[str, Any], reply: Reply) -> None:
    """Read a whole completion, or one event of a stream, into the reply."""
    if "error" in event:
        reply.error = text(part(event, "error").get("message")) or "error"
    for choice in parts(event.get("choices"))[:1]:
        message = part(choice, "message") or part(choice, "delta")
        reply.text += text(message.get("content"))
        if choice.get("finish_reason"):
            reply.ended = ENDS.get(text(choice["finish_reason"]), "tool")
        if message.get("refusal"):
            reply.ended = "refusal"
        elif message.get("tool_calls"):
            reply.ended = "tool"
    usage = part(event, "usage")
    if usage:
        reply.input_tokens = count(usage.get("prompt_tokens"))
        reply.output_tokens = count(usage.get("completion_tokens"))
