"""One HTTP request to a model's provider: no redirects, a bounded size, and a bounded time.

Its address comes from the settings alone (`environment/model_settings.py`); no data, answer or header of a provider can
name another. A redirect is a fault, since it would carry the key to an address that nobody set.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as HTTPTimeout

from workers.models.faults import Kind, ModelFault

# An executive summary has 2 KiB; no answer that we ask for is larger than this.
MOST_BYTES = 256 * 1024
CONNECT_SECONDS = 5.0
PIECE_BYTES = 16 * 1024
LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Request:
    """What is posted, and where."""

    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@cache
def connections() -> urllib3.PoolManager:
    """Return the connections of this process. They use no proxy and follow no redirect."""
    return urllib3.PoolManager(retries=False, maxsize=2)


def post(request: Request, *, seconds: float) -> list[dict[str, Any]]:
    """Post the request and return the JSON objects of the answer: one, or all of a stream of server-sent events.

    Raises ModelFault: for an error of the provider, for an answer that is no JSON, and if `seconds` or MOST_BYTES do
    not suffice.
    """
    deadline = time.monotonic() + seconds
    try:
        with connections().request(
            "POST",
            request.url,
            body=json.dumps(request.body).encode(),
            headers={"content-type": "application/json", "accept": "application/json, text/event-stream"}
            | dict(request.headers),
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            redirect=False,
            preload_content=False,
        ) as response:
            content = read(response, deadline)
    except (NewConnectionError, NameResolutionError) as error:
        raise ModelFault(Kind.UNREACHABLE, f"no connection: {error}"[:LONGEST_SHOWN]) from error
    except HTTPTimeout as error:
        raise timed_out() from error
    except HTTPError as error:
        raise ModelFault(Kind.TIMED_OUT, f"the connection broke: {error}"[:LONGEST_SHOWN]) from error
    require_success(response, content)
    is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
    return list(stream_objects(content)) if is_stream else [json_object(content)]


def read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Return the content. Raises ModelFault if it is too long, or if the deadline passes while it comes in pieces."""
    content = bytearray()
    while piece := response.read1(PIECE_BYTES):
        content += piece
        if len(content) > MOST_BYTES:
            raise ModelFault(Kind.TOO_LONG, f"the answer is larger than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise timed_out()
    return bytes(content)


def timed_out() -> ModelFault:
    """Return the fault of an answer that did not come in time."""
    return ModelFault(Kind.TIMED_OUT, "no answer in time")


def require_success(response: urllib3.BaseHTTPResponse, content: bytes) -> None:
    """Raise ModelFault unless the status is 200."""
    status = response.status
    if status == 200:
        return
    message = f"status {status}: {content.decode(errors='replace')}"[:LONGEST_SHOWN]
    if status == 429:
        raise ModelFault(Kind.RATE_LIMITED, message, retry_after=seconds_in(response.headers.get("retry-after", "")))
    raise ModelFault(Kind.SERVER_ERROR if status >= 500 or status == 408 else Kind.REJECTED, message)


def seconds_in(text: str) -> float | None:
    """Return the seconds that a Retry-After header names; None if it names none."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def stream_objects(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a stream of server-sent events, up to its end mark. Raises ModelFault."""
    for line in content.splitlines():
        data = line.removeprefix(b"data:").strip()
        if line.startswith(b"data:") and data and data != b"[DONE]":
            yield json_object(data)


def json_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object. Raises ModelFault if it is none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelFault(Kind.MALFORMED, "the answer is no JSON") from error
    if not isinstance(value, dict):
        raise ModelFault(Kind.MALFORMED, "the answer is no JSON object")
    return value
