"""The pages run in threads: whole answers in one go, long ones in portions, bodies complete."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.threads import HELD_BYTES, Threads

PART = b"x" * (HELD_BYTES // 4)


def served(app: Any, *body: bytes) -> list[dict[str, Any]]:
    """What is sent for one POST request whose body comes in these parts."""
    sent: list[dict[str, Any]] = []
    parts = [{"type": "http.request", "body": part, "more_body": n < len(body)} for n, part in enumerate(body, start=1)]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "http_version": "1.1", "headers": []}
    asyncio.run(Threads(app, workers=1)(scope, receive, send))
    return sent


def echo(environ: Any, start_response: Any) -> list[bytes]:
    """Answers with the body of the request."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"<", environ["wsgi.input"].read(), b">"]


@pytest.mark.parametrize("body", [(b"",), (b"a page",), (b"a ", b"long ", b"body")])
def test_a_page_is_sent_in_two_messages_and_its_body_was_read_to_the_end(body: tuple[bytes, ...]) -> None:
    head, page = served(echo, *body)
    assert (head["status"], head["headers"]) == (200, [(b"content-type", b"text/plain")])
    assert page == {"type": "http.response.body", "body": b"<" + b"".join(body) + b">", "more_body": False}


def test_a_long_answer_is_sent_in_portions_while_it_is_made() -> None:
    def long(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield from [PART] * 20

    _head, *parts = served(long, b"")
    assert [len(part["body"]) for part in parts] == [HELD_BYTES] * 5 + [0]
    assert [part["more_body"] for part in parts] == [True] * 5 + [False]


def test_an_answer_that_breaks_is_closed_and_its_error_raised() -> None:
    closed: list[bool] = []

    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            raise RuntimeError("the page broke")

        def close(self) -> None:
            closed.append(True)

    def broken(environ: Any, start_response: Any) -> Broken:
        start_response("200 OK", [])
        return Broken()

    with pytest.raises(RuntimeError, match="the page broke"):
        served(broken, b"")
    assert closed == [True]
