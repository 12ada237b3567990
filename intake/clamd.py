"""A client of the virus scanner `clamd`, as far as it is needed: scan the bytes of one file (the command INSTREAM).

The protocol: `zINSTREAM` and a NUL byte, then chunks, each after its length as four bytes, then the length 0. The
answer is one line that ends with a NUL byte: `stream: OK`, `stream: NAME FOUND`, or a text that ends with `ERROR`. The
scanner may answer and close before it has all chunks, for example when the file is larger than its StreamMaxLength.
"""

import re
import socket
import struct
import time
from contextlib import suppress
from typing import IO

CHUNK_BYTES = 1 << 16
LONGEST_ANSWER = 4096
FOUND = re.compile(r"stream: (.+) FOUND")
CLEAN = "stream: OK"


class ScannerFailed(Exception):
    """The scanner gave no verdict; the message says why, for the log."""


class BeyondScanner(ScannerFailed):
    """The file is larger than the scanner takes."""


def signature_found(file: IO[bytes], address: str, seconds: float) -> str:
    """Return the name of the virus that the scanner finds in the file, from its present position; empty if it is clean.

    `address` is the path of a Unix socket or HOST:PORT. The whole conversation ends within `seconds`. Raises
    ScannerFailed if there is no verdict.
    """
    until = time.monotonic() + seconds
    try:
        with connected(address, seconds) as connection:
            return verdict(conversation(connection, file, until))
    except OSError as error:
        raise ScannerFailed(f"{address}: {type(error).__name__}: {error}") from error


def connected(address: str, seconds: float) -> socket.socket:
    """Return a connection to the scanner. Raises OSError."""
    if not address.startswith("/"):
        host, _colon, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def conversation(connection: socket.socket, file: IO[bytes], until: float) -> str:
    """Send the file and return the answer. Raises OSError, also when the time is over, or ScannerFailed."""
    # A scanner that has refused the file closes its side, and its answer is still to be read.
    with suppress(BrokenPipeError, ConnectionResetError):
        send(connection, b"zINSTREAM\0", until)
        while chunk := file.read(CHUNK_BYTES):
            send(connection, struct.pack("!I", len(chunk)) + chunk, until)
        send(connection, struct.pack("!I", 0), until)
    answer = b""
    while b"\0" not in answer:
        limit_wait(connection, until)
        part = connection.recv(LONGEST_ANSWER)
        answer += part
        if not part or len(answer) > LONGEST_ANSWER:
            raise ScannerFailed(f"The answer does not end: {answer[:100]!r}")
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def send(connection: socket.socket, content: bytes, until: float) -> None:
    """Send the bytes. Raises OSError, also when the time is over."""
    limit_wait(connection, until)
    connection.sendall(content)


def limit_wait(connection: socket.socket, until: float) -> None:
    """Let the connection wait no longer than to this point in time. Raises TimeoutError if it is over."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    connection.settimeout(left)


def verdict(answer: str) -> str:
    """Return the name of the virus in the answer; empty if the file is clean. Raises ScannerFailed for any other."""
    if answer == CLEAN:
        return ""
    if match := FOUND.fullmatch(answer):
        return match[1][:200]
    if "size limit exceeded" in answer:
        raise BeyondScanner(answer)
    raise ScannerFailed(f"The answer is no verdict: {answer[:200]!r}")
