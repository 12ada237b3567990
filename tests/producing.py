"""Producers that sign: they are added as staff does it, and sign with the Python client."""

from typing import Any

from django.conf import settings
from interlock_client.signing import Signer

from events import streams
from events.admission import WORKERS_TYPES
from events.producer_keys import make_producer
from events.streams import Entry

REQUEST = "PROJECT.INITIAL_REQUEST_RECEIVED"


def producer(name: str = "elsewhere", **changes: Any) -> Signer:
    """The signer of a new producer, which may open projects and do the work of every agent unless it is said."""
    may = {"types": [REQUEST, *WORKERS_TYPES], "agents": ["*"], "by": "ann"} | changes
    return signer(make_producer(name=name, **may)[1])


def signer(private_key: str, **place: str) -> Signer:
    """A signer with this key, for the log of these tests unless it is said."""
    return Signer(private_key, **{"namespace": settings.NAMESPACE, "log": settings.STREAM_NAME} | place)


def put_entry(fields: dict[str, bytes]) -> str:
    """XADD these fields to the log; the entry's id."""
    return str(streams.client().xadd(settings.STREAM_NAME, fields).decode())


def entry_of(fields: dict[str, bytes], number: int) -> Entry:
    """These fields as a consumer is given them, arrived at this millisecond."""
    return Entry(settings.STREAM_NAME, f"{number}-0", {name.encode(): value for name, value in fields.items()})
