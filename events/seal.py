"""Seals the stream entries that Interlock writes, so that its own readers need not check them again.

The seal is a keyed digest of the event's bytes (BLAKE2b, RFC 7693) in the field `sig`. Only processes that know
SECRET_KEY can make one: what carries a seal was held to its contract where it was made, and is what it says it is. An
entry without a seal, or with a wrong one, comes from outside. SECRET_KEY_FALLBACKS are still accepted.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from hmac import compare_digest

from django.conf import settings

FIELD = b"sig"


def seal_of(wire: bytes) -> str:
    """Return the seal of these bytes, made with SECRET_KEY."""
    return blake2b(wire, key=key_from(settings.SECRET_KEY, settings.NAMESPACE), digest_size=16).hexdigest()


def is_sealed(fields: Mapping[bytes, bytes]) -> bool:
    """Return True if the entry carries a seal that fits its event."""
    given, wire = fields.get(FIELD), fields.get(b"event", b"")
    if not given:
        return False
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [key_from(secret, settings.NAMESPACE) for secret in secrets]
    return any(compare_digest(blake2b(wire, key=key, digest_size=16).hexdigest().encode(), given) for key in keys)


@cache
def key_from(secret: str, namespace: str) -> bytes:
    """Return the key that is derived from the secret for this purpose and this namespace alone."""
    return blake2b(f"{namespace}\0{secret}".encode(), digest_size=32, person=b"interlock.seal").digest()
