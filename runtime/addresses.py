"""The address of the web pages: a socket that listens there, and whether the pages answer.

The keeper (`runtime/keeper.py`) imports this module: it needs the standard library only.
"""

import errno
import http.client
import socket

# Longest wait for a page: the process that asks for it supervises others meanwhile.
LOOK_SECONDS = 1.0
# Addresses that mean every address of the machine → the address to reach such a server at from here.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at


class AddressUnusable(Exception):
    """Nothing can be served at this address; the message gives the reason and what to do."""


def listening_socket(address: str, *, instead: str, shared: bool = False) -> socket.socket:
    """Return a socket that listens at HOST:PORT and sends without delay. Raises AddressUnusable.

    `instead` is the command that chooses another address, with `{}` in place of the address.

    The system distributes the connections of a shared address (SO_REUSEPORT); on a socket that several processes have
    inherited, the first process to wake up takes all waiting connections. Without TCP_NODELAY, which asyncio sets only
    on sockets that it creates itself, each answer would wait 40 ms for an acknowledgement.
    """
    host, port = host_and_port(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, reuse_port=shared)
    except OSError as error:
        raise AddressUnusable(refusal_in_words(error, host, port, instead)) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def host_and_port(address: str) -> tuple[str, int]:
    """Return (host, port) of HOST:PORT. Raises AddressUnusable."""
    host, colon, port = address.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise AddressUnusable(f"{address!r} is not an address. Write HOST:PORT, such as 127.0.0.1:8001.")
    return host.strip("[]"), int(port)


def refusal_in_words(error: OSError, host: str, port: int, instead: str) -> str:
    """Return the reason why nothing can be served there, and the command that chooses another address."""
    local = "127.0.0.1" if error.errno not in (errno.EADDRINUSE, errno.EACCES) else host
    printed_host = f"[{local}]" if ":" in local else local
    another = instead.format(f"{printed_host}:{port + 1 if 1024 <= port < 65535 else 8001}")
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Stop it, or choose another: {another}."
    if error.errno == errno.EACCES:
        return f"Port {port} may be opened by the system's administrator only. Choose another: {another}."
    return f"Nothing can listen at {host!r}: this machine has no such address. Choose another: {another}."


def is_served(address: str, *, host_name: str) -> bool:
    """Return True if the sign-in page is served at HOST:PORT; `host_name` is a name that the pages accept."""
    host, port = host_and_port(address)
    connection = http.client.HTTPConnection(EVERYWHERE.get(host, host), port, timeout=LOOK_SECONDS)
    try:
        connection.request("GET", "/sign-in/", headers={"Host": host_name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
