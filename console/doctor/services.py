"""Looks over what Interlock talks to: database, broker, clocks, mail server, and the receivers of webhooks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from urllib3.util import parse_url

from console.doctor.lines import LOOK, OK, WRONG, Line, judged
from events import fitness, signs
from events.broker import client, nodes
from events.clock import database_now
from events.errors import BrokerUnfit
from health.broker import away_in_words as broker_away
from health.database import away_in_words as database_away
from health.database import free_connections, is_migrated, own_connection
from health.watch import AWAY_ERRORS, one_line
from webhooks.addresses import host_of, permitted_addresses, port_of
from webhooks.errors import RefusedAddress
from webhooks.models import Endpoint
from webhooks.network import connected
from webhooks.selectors import may_reach_private

OLDEST_POSTGRES, OLDEST_SQLITE = 140000, (3, 37)
MOST_SKEW_SECONDS = 1.0
MAIL_SECONDS = 5
MOST_ENDPOINTS = 10
# What keeps a commit on disk after a crash of the machine, and how it has to be set.
DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply", "local"),
}


def database() -> Iterator[Line]:
    """Yield lines about the database's version, tables and settings."""
    try:
        with own_connection() as own:
            own.ensure_connection()
            yield from (sqlite() if own.vendor == "sqlite" else postgres(own))
            tables = is_migrated(own)
            todo = f"Run: {settings.COMMAND} migrate"
            yield judged("Database", bool(tables.ok), "It has the tables of this version.", tables.says, todo)
    except AWAY_ERRORS as error:
        yield Line("Database", WRONG, database_away(error), "Start it, or correct DATABASE_URL.")


def sqlite() -> Iterator[Line]:
    """Yield whether the library is recent enough; a commit is on disk by the settings that Interlock makes itself."""
    from sqlite3 import sqlite_version, sqlite_version_info

    version = f"SQLite {sqlite_version}: one writer at a time, on one machine."
    is_known = sqlite_version_info >= OLDEST_SQLITE
    yield judged("Database", is_known, version, f"SQLite {sqlite_version} is too old.", "Install 3.37 or newer.")


def postgres(own: Any) -> Iterator[Line]:
    """Yield lines about version, durability, encoding and free connections."""
    with own.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[*DURABLE, "server_encoding"]])
        found = dict(cursor.fetchall())
    version = own.pg_version
    words = f"PostgreSQL {version // 10000}.{version % 10000}"
    yield judged("Database", version >= OLDEST_POSTGRES, f"{words}.", f"{words} is too old.", "Install 14 or newer.")
    for name, good in DURABLE.items():
        ill = f"{name} is {found.get(name)}: a crash of its machine may lose what was committed."
        yield judged("Database", found.get(name) in good, f"{name} is {found.get(name)}.", ill, f"Set {name} = on.")
    encoding = found.get("server_encoding", "UTF8")
    yield judged(
        "Database", encoding == "UTF8", "Its encoding is UTF8.", f"Its encoding is {encoding}.", "Make one in UTF8."
    )
    free = free_connections(own)
    yield judged(
        "Database", bool(free.ok), f"{free.figures['free']} connections are free.", free.says, "", verdict=LOOK
    )


def broker() -> Iterator[Line]:
    """Yield lines about the broker: whether it is fit to carry events, and how it keeps them."""
    try:
        for warning in fitness.verify_broker():
            yield Line("Broker", LOOK, warning, "Set appendonly yes.")
        for node in nodes().values():
            yield from broker_node(**node)
    except BrokerUnfit as error:
        yield Line("Broker", WRONG, str(error), "Until then no process that reads events starts.")
    except AWAY_ERRORS as error:
        verdict = LOOK if settings.EMBEDDED_BROKER else WRONG
        yield Line("Broker", verdict, broker_away(error), "Start it, or correct REDIS_URL.")


def broker_node(**node: Any) -> Iterator[Line]:
    """Yield lines about one server: its version, and when it writes its file."""
    server = client().info("server", **node)
    kind = server.get("server_name", "redis").capitalize()
    version = server.get("valkey_version", server["redis_version"])
    yield Line("Broker", OK, f"{kind} {version}, which throws nothing away when its memory is full.")
    when = client().config_get("appendfsync", **node).get("appendfsync", "everysec")
    ill = "appendfsync is no: a crash of its machine may lose half a minute of events, which are published again."
    yield judged("Broker", when != "no", f"appendfsync is {when}.", ill, "Set appendfsync everysec.", verdict=LOOK)


def clocks() -> Iterator[Line]:
    """Yield how far the clocks of database and broker are from the clock of this machine."""
    for name, read in (("database", database_now), ("broker", lambda: signs.broker_now(settings.STREAM_NAME))):
        try:
            read()  # makes the connection, which takes a while
            before = datetime.now(UTC)
            there = read()
        except AWAY_ERRORS:
            yield Line(
                "Clocks", LOOK, f"The clock of the {name} is not known: it does not answer.", f"Start the {name}."
            )
            continue
        skew = (there - before).total_seconds()
        ill = f"The clock of the {name} differs by {skew:+.1f} s from this machine's: times and time limits are off."
        well = f"The clock of the {name} is right to {abs(skew):.1f} s."
        yield judged("Clocks", abs(skew) <= MOST_SKEW_SECONDS, well, ill, "Set both clocks by NTP.", verdict=LOOK)


def mail() -> Iterator[Line]:
    """Yield whether the mail server takes our connection; no mail is sent."""
    if not settings.SENDS_MAIL:
        yield Line("Mail", OK, "No mail server is set (EMAIL_URL): people see what waits for them on their pages only.")
        return
    if not settings.PUBLIC_URL:
        yield Line("Mail", WRONG, "Mails cannot name an address to answer at.", "Set PUBLIC_URL.")
    server = get_connection(timeout=MAIL_SECONDS)
    try:
        server.open()
        server.close()
    except OSError as error:
        words = f"The mail server does not take our connection: {one_line(error)}."
        yield Line("Mail", WRONG, words, "Correct EMAIL_URL: host, port, account, and whether it wants TLS.")
    else:
        yield Line("Mail", OK, f"{settings.EMAIL_HOST} takes our connection.")


def webhooks() -> Iterator[Line]:
    """Yield whether the receivers of webhooks can be reached from here; nothing is sent to them."""
    endpoints = list(Endpoint.objects.filter(active=True).select_related("owner").order_by("pk")[:MOST_ENDPOINTS])
    if not endpoints:
        yield Line("Webhooks", OK, "There is no active webhook.")
    for endpoint in endpoints:
        parsed = parse_url(endpoint.url)
        host, port = host_of(parsed), port_of(parsed)
        try:
            addresses = permitted_addresses(host, port, may_be_private=may_reach_private(endpoint.owner))
            connected(addresses[0], port).close()
        except RefusedAddress as error:
            yield Line("Webhooks", WRONG, str(error), "Name the receiver in WEBHOOK_ALLOWED_HOSTS, if that is meant.")
        except OSError as error:
            words = f"{host}:{port} cannot be reached from here: {one_line(error)}."
            yield Line(
                "Webhooks", LOOK, words, "Open the way for this machine's outgoing connections, or tell the owner."
            )
        else:
            yield Line("Webhooks", OK, f"{host}:{port} can be reached.")
