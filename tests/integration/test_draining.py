"""A web process that is told to end answers what has come and what is on its way."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn

from runtime import draining
from runtime.addresses import listening_socket
from runtime.heads import StrictHeads
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="needs a POSIX system")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers at once, or half a second after it was asked at /slow."""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Served:
    """A server on a thread: where it is, and how it is told to end."""

    def __init__(self) -> None:
        self.sock = listening_socket("127.0.0.1:0", instead="")
        self.address = f"127.0.0.1:{self.sock.getsockname()[1]}"
        config = uvicorn.Config(
            application, http=StrictHeads, lifespan="off", log_level="warning", timeout_graceful_shutdown=7
        )
        self.server = draining.DrainingServer(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.sock],))

    def end(self) -> None:
        """What SIGTERM does."""
        self.server.should_exit = True

    def connection(self) -> http.client.HTTPConnection:
        """A connection of a client."""
        return http.client.HTTPConnection(self.address, timeout=10)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that runs."""
    monkeypatch.setattr(draining, "waiting", draining.Waiting())
    server = Served()
    server.thread.start()
    wait_until(lambda: server.server.started)
    yield server
    server.end()
    server.thread.join(20)


def get(connection: http.client.HTTPConnection, path: str = "/") -> http.client.HTTPResponse:
    """The answer, read."""
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.read() == b"ok"
    return answer


def test_a_kept_connection_gets_one_more_answer_which_says_that_it_is_the_last(served: Served) -> None:
    with closing(served.connection()) as kept:
        assert get(kept).getheader("Connection") is None
        served.end()
        wait_until(lambda: is_refused(served), 10)
        assert get(kept).getheader("Connection") == "close"
    served.thread.join(5)
    assert not served.thread.is_alive()


def is_refused(served: Served) -> bool:
    """Whether the port is closed."""
    try:
        socket.create_connection(served.address.split(":"), timeout=10).close()  # type: ignore[arg-type]
    except ConnectionRefusedError:
        return True
    return False


def test_a_request_in_hand_is_finished(served: Served) -> None:
    with closing(served.connection()) as client:
        client.request("GET", "/slow")
        served.end()
        assert client.getresponse().read() == b"ok"
    served.thread.join(5)
    assert not served.thread.is_alive()


def test_whoever_was_let_in_gets_an_answer(served: Served) -> None:
    """Clients connect without a pause while the server ends: those whose connection was opened have their answer."""
    lost: list[str] = []
    answered: list[int] = []
    clients = [threading.Thread(target=knock, args=(served, answered, lost)) for _ in range(8)]
    for client in clients:
        client.start()
    wait_until(lambda: len(answered) > 200)
    served.end()
    for client in clients:
        client.join(30)
    assert lost == []


def knock(served: Served, answered: list[int], lost: list[str]) -> None:
    """Open a connection and ask, again and again, until no connection is opened any more."""
    while True:
        client = served.connection()
        try:
            client.connect()
        except OSError:
            return
        try:
            answered.append(get(client).status)
        except (OSError, http.client.HTTPException) as error:
            lost.append(repr(error))
        finally:
            client.close()


def test_what_waits_is_told_that_it_need_not_wait_any_more() -> None:
    async def run() -> list[bool]:
        waiting, early, late = draining.Waiting(), asyncio.Future[None](), asyncio.Future[None]()
        with waiting.until(early):
            waiting.end_all()
            with waiting.until(late):
                return [early.cancelled(), late.cancelled()]

    assert asyncio.run(run()) == [True, True]
