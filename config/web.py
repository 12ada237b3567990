"""The web server: uvicorn on a socket of our own."""

import signal
import socket

import uvicorn

from config.heads import StrictHeads

LONGEST_END_SECONDS = 5


def serve(application: str, *, address: str, shared: bool = False) -> None:
    """Serve the application (`module:name`) at HOST:PORT until SIGTERM. Raises OSError where the address is taken.

    Processes that serve a `shared` address get about as many connections each.
    """
    config = uvicorn.Config(
        application,
        http=StrictHeads,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=LONGEST_END_SECONDS,
        server_header=False,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # From now on, not only from when it serves; and uvicorn raises the signal again once it has ended.
        signal.signal(number, server.handle_exit)
    with listening(address, shared=shared) as sock:
        server.run([sock])


def listening(address: str, *, shared: bool) -> socket.socket:
    """A socket that listens at HOST:PORT, and whose connections send at once.

    The system deals out the connections of a shared address (SO_REUSEPORT); on a socket that several processes have
    inherited, the first to wake up takes all that wait. Without TCP_NODELAY, which asyncio sets on sockets that it has
    made itself, each answer would wait 40 ms for an acknowledgement.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, int(port)), family=family, reuse_port=shared)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
