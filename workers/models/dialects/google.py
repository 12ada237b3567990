"""Google's Gemini API, `POST /v1beta/models/MODEL:generateContent`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from workers.models.dialects import MOST_OUTPUT_TOKENS, Asked, Reply, count, part, parts, text
from workers.models.transport import Request

# Every other reason is that of a filter, or of a call that was not asked for.
ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "MALFORMED_FUNCTION_CALL": "tool", "UNEXPECTED_TOOL_CALL": "tool"}


def request(asked: Asked) -> Request:
    """Return the request for an answer of the given schema."""
    body: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": asked.instructions}]},
        "contents": [{"role": "user", "parts": [{"text": asked.data}]}],
        "generationConfig": {
            "maxOutputTokens": MOST_OUTPUT_TOKENS,
            "responseMimeType": "application/json",
            "responseJsonSchema": asked.schema,
        },
    }
    verb = "streamGenerateContent?alt=sse" if asked.streams else "generateContent"
    url = f"{asked.provider.url}/v1beta/models/{quote(asked.provider.model, safe='')}:{verb}"
    return Request(url, {"x-goog-api-key": asked.provider.key}, body)


def read(event: Mapping[str, Any], reply: Reply) -> None:
    """Read a whole answer, or one event of a stream, into the reply. Thoughts are no part of the text."""
    if "error" in event:
        reply.error = text(part(event, "error").get("message")) or "error"
    if part(event, "promptFeedback").get("blockReason"):
        reply.ended = "refusal"
    for candidate in parts(event.get("candidates"))[:1]:
        for piece in parts(part(candidate, "content").get("parts")):
            reply.text += "" if piece.get("thought") else text(piece.get("text"))
            if "functionCall" in piece:
                reply.ended = "tool"
        if candidate.get("finishReason") and reply.ended != "tool":
            reply.ended = ENDS.get(text(candidate["finishReason"]), "refusal")
    usage = part(event, "usageMetadata")
    if (read_tokens := count(usage.get("promptTokenCount"))) is not None:
        reply.input_tokens = read_tokens
        written = (count(usage.get(key)) or 0 for key in ("candidatesTokenCount", "thoughtsTokenCount"))
        reply.output_tokens = sum(written)
