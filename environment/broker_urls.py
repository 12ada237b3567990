"""Reads the address of a broker: one server, a Redis Cluster, or a primary that Sentinels name.

The forms are those of redis-py for one server, and `redis+cluster://` and `redis+sentinel://` for the others, which the
library `limits` and its users (Flask-Limiter, slowapi) and `redis-sentinel-url` have in common. redis-py itself has no
form for several hosts.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

FORMS = (
    "redis://HOST:PORT/NUMBER, rediss://… (with TLS), redis+cluster://HOST:PORT,HOST:PORT, "
    "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/NUMBER, the last two with rediss+… for TLS, or unix://PATH"
)
DEFAULT_PORTS = {"cluster": 6379, "sentinel": 26379}
SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9a-fA-F:]+\])(:(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class BrokerUrl:
    """The parts of a broker's address. `kind` is "single", "cluster" or "sentinel".

    `hosts` are the nodes of a cluster, or the Sentinels; `service` is the name under which the Sentinels know the
    primary. Of a single server only `text` is set. Nothing with a secret is shown by `repr`.
    """

    kind: str
    text: str = field(repr=False)
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    database: int = 0
    has_tls: bool = False
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    sentinel_credentials: dict[str, str] = field(default_factory=dict, repr=False)

    def sentinel_options(self) -> dict[str, Any]:
        """Return the keyword arguments of a connection to the Sentinels."""
        return {**self.sentinel_credentials, **({"ssl": True} if self.has_tls else {})}

    def channel_host(self) -> str | dict[str, Any]:
        """Return what channels-redis takes as a host: an address, or the Sentinels with the name of the primary.

        Of a cluster it is the first node: a message that is published at one node reaches the subscribers of all.
        """
        if self.kind == "single":
            return self.text
        if self.kind == "sentinel":
            about = {"master_name": self.service, "sentinels": list(self.hosts), "db": self.database}
            secure = {"ssl": True} if self.has_tls else {}
            return {**about, "sentinel_kwargs": self.sentinel_options(), **self.credentials, **secure}
        (host, port), words = self.hosts[0], [quote(word, safe="") for word in self.credentials.values()]
        account = f"{':'.join(words if 'username' in self.credentials else ['', *words])}@" if words else ""
        address = f"[{host}]" if ":" in host else host
        return f"redis{'s' if self.has_tls else ''}://{account}{address}:{port}/0"


@lru_cache(8)
def parsed(text: str) -> BrokerUrl:
    """Return the parts of the address. Raises ValueError for one that is none of the FORMS."""
    scheme, _, rest = text.partition("://")
    plain, _, kind = scheme.partition("+")
    if kind:
        if plain not in ("redis", "rediss") or kind not in DEFAULT_PORTS:
            raise ValueError("scheme")
        return of_several(kind, text, rest, has_tls=plain == "rediss")
    address = urlsplit(text)
    local = scheme == "unix" and address.path
    distant = scheme in ("redis", "rediss") and address.hostname and "," not in address.netloc and address.port != 0
    if not local and not (distant and re.fullmatch(r"(/\d*)?", address.path)):
        raise ValueError("address")
    return BrokerUrl("single", text)


def of_several(kind: str, text: str, rest: str, *, has_tls: bool) -> BrokerUrl:
    """Return the parts of an address with several hosts: what stands behind `://`. Raises ValueError."""
    address, _, query = rest.partition("?")
    network, _, path = address.partition("/")
    account, at, hosts = network.rpartition("@")
    options = dict(parse_qsl(query, strict_parsing=True, keep_blank_values=True)) if query else {}
    if set(options) - set(SENTINEL_OPTIONS if kind == "sentinel" else ()):
        raise ValueError("option")
    service, database = service_of(path) if kind == "sentinel" else ("", 0)
    if kind == "cluster" and path.strip("/") not in ("", "0"):
        raise ValueError("a cluster has one database")
    return BrokerUrl(
        kind,
        text,
        hosts=tuple(host_of(one, DEFAULT_PORTS[kind]) for one in hosts.split(",")),
        service=service,
        database=database,
        has_tls=has_tls,
        credentials=credentials_of(account) if at else {},
        sentinel_credentials={name.removeprefix("sentinel_"): value for name, value in options.items() if value},
    )


def service_of(path: str) -> tuple[str, int]:
    """Return the service's name and the database's number of SERVICE or SERVICE/NUMBER. Raises ValueError."""
    found = re.fullmatch(r"([^/\s]+)(/(\d*))?", path)
    if not found:
        raise ValueError("service")
    return unquote(found[1]), int(found[3] or 0)


def host_of(text: str, default_port: int) -> tuple[str, int]:
    """Return the host and the port of HOST or HOST:PORT. Raises ValueError."""
    found = HOST.fullmatch(text)
    port = int(found["port"] or default_port) if found else 0
    if not found or not 0 < port < 65536:
        raise ValueError("host")
    return found["name"].strip("[]"), port


def credentials_of(account: str) -> dict[str, str]:
    """Return `username` and `password` of USER:PASSWORD, USER or :PASSWORD, without those that are empty."""
    name, _, password = account.partition(":")
    given = {"username": unquote(name), "password": unquote(password)}
    return {key: value for key, value in given.items() if value}
