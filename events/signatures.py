"""Signatures of producers: Ed25519 (RFC 8032) over the event's bytes and the place for which they are meant.

An entry that another program signs has two more fields beside `event`: `kid` names the key, and `sig` is the signature
in base64. Signed are the bytes of `event` exactly as they are on the stream, so nobody has to agree on how JSON is
written; before them stand what the signature is for and the names of the namespace and of the log, so that a signed
entry is worth nothing in another installation. None of these names can contain the NUL that separates them.

`cryptography` is loaded with the first signature, not with this module: it takes 10 MB in each process.
"""

import base64
import binascii
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KID, SIGNATURE = b"kid", b"sig"
PURPOSE = b"interlock.event.v1"
KID_LENGTH = 16
KID_PATTERN = re.compile(r"[0-9a-f]{16}")
# Public keys that are kept as objects: to make one of its bytes takes a tenth of the time of a verification.
MOST_KEYS = 1024


class NoPublicKey(ValueError):
    """The text is no public key of the kind Ed25519."""


def signed_bytes(wire: bytes) -> bytes:
    """Return what a producer signs for these bytes of an event."""
    return b"\0".join((PURPOSE, settings.NAMESPACE.encode(), settings.STREAM_NAME.encode(), wire))


def fits(wire: bytes, signature: bytes, public_key: str) -> bool:
    """Return True if the base64 signature over these bytes of an event was made with the key's private half."""
    from cryptography.exceptions import InvalidSignature

    try:
        key_object(public_key).verify(base64.b64decode(signature, validate=True), signed_bytes(wire))
    except (InvalidSignature, binascii.Error):
        return False
    return True


@lru_cache(MOST_KEYS)
def key_object(public_key: str) -> "Ed25519PublicKey":
    """Return the key of these 32 bytes in base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))


def key_id(public_key: str) -> str:
    """Return the name of a key: 16 hex digits of the SHA-256 of its 32 bytes, which its holder can compute as well."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()[:KID_LENGTH]


def read_public_key(text: str) -> str:
    """Return the public key in this text, PEM or base64 of its 32 bytes, in base64. Raises NoPublicKey."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        if "BEGIN" in text:
            key = load_pem_public_key(text.strip().encode())
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, TypeError) as error:
        raise NoPublicKey(str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise NoPublicKey("the key is of another kind")
    return in_base64(key)


def new_key() -> tuple[str, str]:
    """Return a new key, both halves as 32 bytes in base64: the private one, which is stored nowhere, and the public."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    return base64.b64encode(key.private_bytes_raw()).decode(), in_base64(key.public_key())


def in_base64(key: "Ed25519PublicKey") -> str:
    """Return the 32 bytes of the key in base64."""
    return base64.b64encode(key.public_bytes_raw()).decode()
