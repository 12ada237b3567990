"""Looks over the settings: names that nobody reads, secrets, addresses, and connections without encryption.

In `.env` every name that Interlock does not read is told. The environment is shared with other programs, so of it only
names that are nearly ours are told.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from console.doctor.lines import LOOK, OK, WRONG, Line, judged
from environment import variables
from environment.broker_urls import parsed

SHORTEST_KEY, FEWEST_SIGNS = 32, 10


def variables_of_the_file() -> Iterator[Line]:
    """Yield a line for each name in the file of variables that nobody reads."""
    file = settings.ENV_FILE
    for name, meant in variables.unknown_in_file(file, settings.ENVIRONMENT.names).items():
        suggestion = f"Did you mean {meant}? " if meant else ""
        words = f"{file} sets {name}, which Interlock does not read."
        yield Line(
            "variables", LOOK, words, f"{suggestion}See .env.example, and remove the line if another program has it."
        )
    yield Line(
        "variables", OK, f"{len(settings.ENVIRONMENT.names)} variables are known; every one that is set can be read."
    )


def names_of_the_environment() -> Iterator[Line]:
    """Yield a line for each variable of the environment whose name is nearly one of ours."""
    environment = settings.ENVIRONMENT
    refused = variables.misspelt(environment.values, environment.names)
    for name, meant in variables.near_misses(environment.values, environment.names).items():
        words = f"{name} is set, which Interlock does not read. Did you mean {meant}?"
        yield Line("names", WRONG if name in refused else LOOK, words, f"Rename it to {meant}, or unset it.")


def secrets() -> Iterator[Line]:
    """Yield lines about the secret key and the debug mode."""
    key = settings.SECRET_KEY
    is_strong = len(key) >= SHORTEST_KEY and len(set(key)) >= FEWEST_SIGNS and "insecure" not in key
    yield judged(
        "SECRET_KEY",
        is_strong,
        "The secret key is long and random enough.",
        f"The secret key is weak: it has fewer than {SHORTEST_KEY} characters, repeats few, or is an example.",
        "Set SECRET_KEY to 50 random characters, or leave it out: then Interlock makes one in DATA_DIR.",
    )
    yield judged(
        "DEBUG",
        not settings.DEBUG,
        "Errors show no details to callers.",
        "DEBUG is on: every error shows code and settings to whoever meets it.",
        "Unset DEBUG.",
        verdict=LOOK if only_local() else WRONG,
    )


def only_local() -> bool:
    """Return True if the pages answer under names of this machine only."""
    return all(is_local(host.partition(":")[0].strip("[]") or "::1") for host in settings.ALLOWED_HOSTS)


def is_local(host: str) -> bool:
    """Return True if the host is this machine, by its name or its address."""
    if host in ("localhost", ""):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def addresses() -> Iterator[Line]:
    """Yield lines about the names under which the pages answer, and their public address."""
    hosts, public = settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL)
    yield judged(
        "ALLOWED_HOSTS",
        "*" not in hosts,
        f"The pages answer as {', '.join(hosts)}.",
        "ALLOWED_HOSTS is *: whoever asks chooses the address that pages and mails name.",
        "Name the hosts under which people reach the pages.",
        verdict=LOOK,
    )
    if not public.hostname:
        well = "No public address is set, and none is needed."
        ill, todo = "No public address is set: mails and signed links name none.", "Set PUBLIC_URL."
        yield judged("PUBLIC_URL", only_local(), well, ill, todo, verdict=LOOK)
        return
    is_named = "*" in hosts or any(fits(public.hostname, host) for host in hosts)
    yield judged(
        "PUBLIC_URL",
        is_named,
        f"The pages answer at {settings.PUBLIC_URL}.",
        f"The pages refuse their own public address: {public.hostname} is not in ALLOWED_HOSTS.",
        "Add it to ALLOWED_HOSTS.",
    )


def fits(host: str, pattern: str) -> bool:
    """Return True if the host is the one that the pattern of ALLOWED_HOSTS names, or one below it."""
    return host == pattern or (pattern.startswith(".") and (host == pattern[1:] or host.endswith(pattern)))


def transport() -> Iterator[Line]:
    """Yield lines about encryption: of the pages, and on the way to database and broker."""
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme == "https":
        ill = "PUBLIC_URL is https, and the pages take every request for one without TLS: cookies may leak, forms fail."
        todo = "Set BEHIND_TLS=true, and in TRUSTED_PROXIES the address of the proxy that speaks TLS."
        yield judged("TLS", settings.BEHIND_TLS, "Pages are served over TLS.", ill, todo)
    elif public.hostname and not is_local(public.hostname):
        yield Line(
            "TLS", LOOK, "PUBLIC_URL is http: passwords cross the network readable.", "Put a proxy with TLS before it."
        )
    options, host = settings.DATABASES["default"].get("OPTIONS", {}), settings.DATABASES["default"].get("HOST", "")
    is_open = bool(host) and not host.startswith("/") and not is_local(host)
    if is_open and options.get("sslmode") not in ("require", "verify-ca", "verify-full"):
        words = "The connection to the database may be without TLS."
        yield Line("TLS", LOOK, words, "Add ?sslmode=verify-full to DATABASE_URL, unless the network is closed.")
    broker, address = parsed(settings.REDIS_URL), urlsplit(settings.REDIS_URL)
    hosts = [name for name, _port in broker.hosts] or [address.hostname or ""]
    if not all(is_local(name) for name in hosts) and not address.scheme.startswith("rediss"):
        words = "The connection to the broker is without TLS."
        yield Line("TLS", LOOK, words, "Write rediss:// in REDIS_URL, unless the network is closed.")
