"""A virus scanner that speaks the protocol of `clamd` over a real socket, and behaves as it is told."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# The test file that every scanner knows, in two parts, so that none finds it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class FakeClamd:
    """What the scanner does next, and what it was sent. `most_bytes` is its StreamMaxLength."""

    def __init__(self) -> None:
        self.behaviour, self.most_bytes = "scan", 25 << 20
        self.scanned: list[bytes] = []
        self.address = ""
        # A silent scanner stays silent until the test is over.
        self.is_over = threading.Event()

    def serve(self, connection: socket.socket) -> None:
        """Have one conversation."""
        if self.behaviour == "close at once":
            return
        with connection.makefile("rb") as sent:
            assert sent.read(10) == b"zINSTREAM\0"
            content = b""
            while length := struct.unpack("!I", sent.read(4))[0]:
                content += sent.read(length)
                if self.behaviour == "close early":
                    return
                if len(content) > self.most_bytes:
                    connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
        self.scanned.append(content)
        self.answer(connection, content)

    def answer(self, connection: socket.socket, content: bytes) -> None:
        """Answer as it is told."""
        if self.behaviour == "silent":
            self.is_over.wait(30)
        elif self.behaviour == "drip":
            while not self.is_over.wait(0.02):
                connection.sendall(b"x")
        elif self.behaviour == "flood":
            connection.sendall(b"x" * 100_000)
        elif self.behaviour == "error":
            connection.sendall(b"Can't allocate memory ERROR\0")
        elif self.behaviour != "close late":
            found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
            for byte in found:  # an answer may come in pieces
                connection.sendall(bytes([byte]))


@contextmanager
def fake_clamd(folder: Path | None = None) -> Iterator[FakeClamd]:
    """Run the scanner on a port, or on a Unix socket in the folder, during the block."""
    scanner = FakeClamd()

    class Conversation(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the client may hang up
                scanner.serve(self.request)

    server: Any
    if folder is None:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        scanner.address = f"127.0.0.1:{server.server_address[1]}"
    else:
        scanner.address = str(folder / "clamd.ctl")
        server = socketserver.ThreadingUnixStreamServer(scanner.address, Conversation)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield scanner
    finally:
        scanner.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
