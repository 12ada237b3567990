"""A server that speaks the APIs of Anthropic, OpenAI (and what is compatible) and Google, as far as they are asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from environment.model_access import ModelAccess, ModelProvider, ProviderName

NAMES: tuple[ProviderName, ...] = ("anthropic", "openai", "google", "compatible")
MODELS = {
    "anthropic": "claude-haiku-4-5",
    "openai": "gpt-5-mini",
    "google": "gemini-2.5-flash",
    "compatible": "llama3.2",
}
READ, WRITTEN = 1000, 100
Body = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """An answer: its text, how it ended, and whether the model wants a tool to be called."""

    text: str = ""
    ended: str = "stop"


@dataclass(frozen=True)
class Fault:
    """Something other than an answer: a status, bytes that are sent as they are, or silence for some seconds."""

    status: int = 200
    body: bytes = b"{}"
    retry_after: str = ""
    media_type: str = "application/json"
    silent_seconds: float = 0.0
    piece: bytes = b""


Act = Said | Fault | Callable[[str], Said]


@dataclass
class Request:
    """A request as it came: for which provider, its headers, its body, and the instructions and the data in it."""

    provider: str
    headers: dict[str, str]
    body: Body

    @property
    def instructions(self) -> str:
        """What the model is told to do."""
        if self.provider == "anthropic":
            return str(self.body["system"])
        if self.provider == "google":
            return str(self.body["systemInstruction"]["parts"][0]["text"])
        return str(self.body["messages"][0]["content"])

    @property
    def data(self) -> str:
        """What the model is given as data."""
        if self.provider == "google":
            return str(self.body["contents"][0]["parts"][0]["text"])
        return str(self.body["messages"][-1]["content"])


@dataclass
class ModelStub:
    """The server; `acts` holds what it does for each provider, one a request, the last one again and again."""

    port: int = 0
    acts: dict[str, list[Act]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def provider(self, name: ProviderName, key: str = "a-key") -> ModelProvider:
        """The settings of a model that is asked here."""
        base = f"http://127.0.0.1:{self.port}/{name}"
        return ModelProvider(name, MODELS[name], base, key)

    def access(self, *names: ProviderName, **changes: Any) -> ModelAccess:
        """The settings with these models, in this order."""
        return ModelAccess(order=tuple(self.provider(name) for name in names), **{"seconds": 5.0, "tries": 1} | changes)

    def act_for(self, name: str, data: str) -> Said | Fault:
        """What is done now."""
        acts = self.acts[name]
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        return act if isinstance(act, Said | Fault) else act(data)

    @property
    def asked(self) -> list[str]:
        """The providers in the order in which they were asked."""
        return [request.provider for request in self.requests]


@contextmanager
def model_stub(**acts: list[Act]) -> Iterator[ModelStub]:
    """The server while the block runs."""
    stub = ModelStub(acts=dict(acts))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(stub)) as server:
        stub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            stub.stopping.set()
            server.shutdown()
            thread.join()


def handler(stub: ModelStub) -> type[BaseHTTPRequestHandler]:
    """The class that handles the stub's requests."""
    return type("StubHandler", (Handler,), {"stub": stub})


class Handler(BaseHTTPRequestHandler):
    """Records a request, and does what is due."""

    stub: ModelStub

    def do_POST(self) -> None:
        name, _, path = self.path[1:].partition("/")
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.stub.requests.append(Request(name, headers, body))
        act = self.stub.act_for(name, self.stub.requests[-1].data)
        if isinstance(act, Fault):
            self.fail(act)
        elif body.get("stream") or "stream" in path:
            events = b"".join(sse(event) for event in STREAMS[name](act))
            self.send(200, events + b"data: [DONE]\n\n", "text/event-stream")
        else:
            self.send(200, json.dumps(WHOLE[name](act)).encode(), "application/json")

    def fail(self, fault: Fault) -> None:
        """Send what the fault says, or nothing, or one piece after another."""
        if fault.piece:
            self.drip(fault)
        elif fault.silent_seconds:
            self.stub.stopping.wait(fault.silent_seconds)
        else:
            self.send(fault.status, fault.body, fault.media_type, fault.retry_after)

    def drip(self, fault: Fault) -> None:
        """Send a piece every twentieth of a second, until the client has gone."""
        self.send_response(200)
        self.end_headers()
        until = time.monotonic() + fault.silent_seconds
        with suppress(OSError):
            while time.monotonic() < until and not self.stub.stopping.wait(0.05):
                self.wfile.write(fault.piece)

    def send(self, status: int, content: bytes, kind: str, retry_after: str = "") -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        if retry_after:
            self.send_header("retry-after", retry_after)
        if status == 307:
            self.send_header("location", f"http://127.0.0.1:{self.stub.port}/compatible/chat/completions")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def sse(event: Body) -> bytes:
    """A server-sent event."""
    return f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n".encode()


def halves(text: str) -> tuple[str, str]:
    """The text in two pieces."""
    return text[: len(text) // 2], text[len(text) // 2 :]


# -- Anthropic ---------------------------------------------------------------------------------------
CLAUDE = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal", "tool": "tool_use"}


def claude(said: Said) -> Body:
    """A message."""
    tool = {"type": "tool_use", "id": "t", "name": "send_mail", "input": {"to": "x@example.org"}}
    content = [{"type": "text", "text": said.text}, *([tool] if said.ended == "tool" else [])]
    usage = {"input_tokens": READ, "output_tokens": WRITTEN}
    return {
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": CLAUDE[said.ended],
        "usage": usage,
    }


def claude_stream(said: Said) -> list[Body]:
    """A message in pieces."""
    deltas = [{"type": "text_delta", "text": piece} for piece in halves(said.text)]
    return [
        {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": READ, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "message_delta", "delta": {"stop_reason": CLAUDE[said.ended]}, "usage": {"output_tokens": WRITTEN}},
        {"type": "message_stop"},
    ]


# -- OpenAI ------------------------------------------------------------------------------------------
GPT = {"stop": "stop", "length": "length", "refusal": "stop", "tool": "tool_calls"}
GPT_USAGE = {"prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN}


def gpt(said: Said) -> Body:
    """A completion."""
    message: Body = {"role": "assistant", "content": said.text}
    if said.ended == "refusal":
        message = {"role": "assistant", "content": None, "refusal": said.text or "I cannot help with that."}
    if said.ended == "tool":
        message |= {
            "tool_calls": [{"id": "t", "type": "function", "function": {"name": "send_mail", "arguments": "{}"}}]
        }
    return {
        "object": "chat.completion",
        "choices": [{"message": message, "finish_reason": GPT[said.ended]}],
        "usage": GPT_USAGE,
    }


def gpt_stream(said: Said) -> list[Body]:
    """A completion in pieces."""
    message = gpt(said)["choices"][0]["message"]
    first, second = halves(said.text)
    pieces = [message] if said.ended in ("refusal", "tool") else [{"content": first}, {"content": second}]
    return [
        *({"choices": [{"delta": piece, "finish_reason": None}]} for piece in pieces),
        {"choices": [{"delta": {}, "finish_reason": GPT[said.ended]}]},
        {"choices": [], "usage": GPT_USAGE},
    ]


# -- Google ------------------------------------------------------------------------------------------
GEMINI = {"stop": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY", "tool": "STOP"}


def gemini(said: Said) -> Body:
    """An answer."""
    parts: list[Body] = [{"text": "Thinking about 99%.", "thought": True}, {"text": said.text}]
    if said.ended == "tool":
        parts.append({"functionCall": {"name": "send_mail", "args": {}}})
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": GEMINI[said.ended]}
    counts = {"promptTokenCount": READ, "candidatesTokenCount": WRITTEN - 40, "thoughtsTokenCount": 40}
    return {"candidates": [candidate], "usageMetadata": counts}


def gemini_stream(said: Said) -> list[Body]:
    """An answer in pieces."""
    first, second = halves(said.text)
    return [{"candidates": [{"content": {"parts": [{"text": first}]}}]}, gemini(Said(second, said.ended))]


WHOLE: dict[str, Callable[[Said], Body]] = {"anthropic": claude, "openai": gpt, "google": gemini, "compatible": gpt}
STREAMS: dict[str, Callable[[Said], list[Body]]] = {
    "anthropic": claude_stream, "openai": gpt_stream, "google": gemini_stream, "compatible": gpt_stream,
}  # fmt: skip
