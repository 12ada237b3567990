"""Seals the stream entries that Interlock writes, so that its own readers need not check them again.

The seal is a keyed digest of the event's bytes (BLAKE2b, RFC 7693) in the field `sig`. Only processes that know
SECRET_KEY can make one: what carries a seal was held to its contract where it was made, and is what it says it is. An
entry without a seal, or with a wrong one, comes from outside. SECRET_KEY_FALLBACKS are still accepted.

A dead letter that is replayed as it is keeps the moment of its first arrival, in the field `arrived`, with a digest of
another key: a signed event is held to the age that it had then, and not to the time that staff took to look at it.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from hmac import compare_digest

from django.conf import settings

FIELD, ARRIVED = b"sig", b"arrived"
SEAL, ARRIVAL = b"interlock.seal", b"interlock.arrive"


def seal_of(wire: bytes) -> str:
    """Return the seal of these bytes, made with SECRET_KEY."""
    return digest(wire, settings.SECRET_KEY, SEAL)


def is_sealed(fields: Mapping[bytes, bytes]) -> bool:
    """Return True if the entry carries a seal that fits its event."""
    return fits(fields.get(FIELD), fields.get(b"event", b""), SEAL)


def with_arrival(fields: dict[bytes, bytes], entry_id: str) -> dict[bytes, bytes]:
    """Return the fields of an entry that is put on its stream again, with the id under which it came at first."""
    first = arrival_of(fields, entry_id)
    sealed = digest(f"{first}\0".encode() + fields.get(b"event", b""), settings.SECRET_KEY, ARRIVAL)
    return {**fields, ARRIVED: f"{first} {sealed}".encode()}


def arrival_of(fields: Mapping[bytes, bytes], entry_id: str) -> str:
    """Return the id of the entry with which the event came at first: this entry's own, unless it was replayed."""
    first, _, given = fields.get(ARRIVED, b"").partition(b" ")
    return first.decode() if fits(given, first + b"\0" + fields.get(b"event", b""), ARRIVAL) else entry_id


def fits(given: bytes | None, content: bytes, purpose: bytes) -> bool:
    """Return True if the digest was made of this content, for this purpose, with a key of ours."""
    if not given:
        return False
    # A loop: every reader asks this for every entry of the log.
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if compare_digest(digest(content, str(secret), purpose).encode(), given):
            return True
    return False


def digest(content: bytes, secret: str, purpose: bytes) -> str:
    """Return the keyed digest of the content in hex."""
    return blake2b(content, key=key_from(secret, settings.NAMESPACE, purpose), digest_size=16).hexdigest()


@cache
def key_from(secret: str, namespace: str, purpose: bytes) -> bytes:
    """Return the key that is derived from the secret for this purpose and this namespace alone."""
    return blake2b(f"{namespace}\0{secret}".encode(), digest_size=32, person=purpose).digest()
