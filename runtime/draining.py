"""How a web process ends without a request that fails: it opens no new connection, and finishes those that it has.

A client sees a connection as open once the kernel has answered its handshake, long before this process takes it. If the
listening socket were closed at once, what such clients have sent would be lost. So first no handshake is begun any more
(a filter on the socket drops the packets that ask for one), and those that are under way get the time to end. A client
whose packet was dropped sends it again after a second; then the port is closed, or another process listens at it.

A connection that is kept open without a request is not closed at once either: a request may be on its way. Its next
answer says that it is the last one; a connection that still has no request after LAST_REQUEST_SECONDS is not in use.
"""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

# Time for handshakes that are under way: a round trip around the world.
HANDSHAKE_SECONDS = 0.3
LAST_REQUEST_SECONDS = 2.0
LAST_ANSWER = (b"connection", b"close")
# Linux: the option that filters the packets of a socket, and the program for it (`man 7 socket`, `linux/filter.h`): of
# the byte with the flags of the TCP header keep SYN and ACK; drop the packet if that is SYN alone, else let it pass.
SO_ATTACH_FILTER = 26
NO_HANDSHAKES = ((0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which ends as this module says."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what has come or is on its way, and close."""
        # The list is shared with the requests that are being answered now.
        self.server_state.default_headers.append(LAST_ANSWER)
        waiting.end_all()
        for sock in sockets or []:
            begin_no_handshake(sock)
        await asyncio.sleep(HANDSHAKE_SECONDS)
        await super().shutdown(sockets)
        # Nothing waits any more; another server of this process begins anew.
        waiting.is_over = False


class DrainingProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which waits for a last request when the server ends."""

    def shutdown(self) -> None:
        """Finish the request in hand and close; without one, wait for a last one."""
        if self.cycle is not None and not self.cycle.response_complete:
            super().shutdown()
        else:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(LAST_REQUEST_SECONDS, self.timeout_keep_alive_handler)


def begin_no_handshake(sock: socket.socket) -> None:
    """Have the kernel drop packets that ask for a connection (Linux; nothing elsewhere, or where it is not allowed)."""
    if sys.platform == "linux":
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in NO_HANDSHAKES))
        program = struct.pack("HP", len(NO_HANDSHAKES), ctypes.addressof(code))
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


class Waiting:
    """The requests that wait for something to happen, which are answered at once when the server is to end."""

    def __init__(self) -> None:
        self.futures: set[asyncio.Future[Any]] = set()
        self.is_over = False

    @contextmanager
    def until(self, future: asyncio.Future[Any]) -> Iterator[None]:
        """Cancel the future if the server is to end while the block runs, or was already."""
        self.futures.add(future)
        if self.is_over:
            future.cancel()
        try:
            yield
        finally:
            self.futures.discard(future)

    def end_all(self) -> None:
        """Cancel every future, and each that comes later."""
        self.is_over = True
        for future in self.futures:
            future.cancel()


waiting = Waiting()
