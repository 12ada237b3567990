"""Signs events for the stream, for programs that write there themselves. Needs the extra `signing`."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PURPOSE = "interlock.event.v1"


class Signer:
    """Signs with one private key, for one namespace and log; the key is PEM or its 32 bytes in base64."""

    def __init__(self, private_key: str, *, namespace: str = "audit", log: str = "") -> None:
        """Raise ValueError if the text is no Ed25519 private key. Without `log` it is `NAMESPACE:events`."""
        self.key = read_private_key(private_key)
        self.prefix = "\0".join((PURPOSE, namespace, log or f"{namespace}:events", "")).encode()
        public = self.key.public_key().public_bytes_raw()
        self.public_key = base64.b64encode(public).decode()
        self.kid = hashlib.sha256(public).hexdigest()[:16]

    @classmethod
    def from_environment(cls, values: Mapping[str, str] = os.environ) -> Self:
        """Return a signer with the key in PRODUCER_KEY, or in the file that PRODUCER_KEY_FILE names.

        NAMESPACE and STREAM_NAME are read as Interlock reads them. Raises ValueError without a key.
        """
        file = values.get("PRODUCER_KEY_FILE", "")
        text = Path(file).read_text() if file else values.get("PRODUCER_KEY", "")
        if not text:
            raise ValueError(
                "Set PRODUCER_KEY_FILE to the file that holds the private key, or PRODUCER_KEY to the key."
            )
        return cls(text, namespace=values.get("NAMESPACE") or "audit", log=values.get("STREAM_NAME", ""))

    def fields(self, event: bytes | Mapping[str, Any]) -> dict[str, bytes]:
        """Return the fields of the stream entry for this event, for XADD. Bytes are signed and sent as they are."""
        wire = event if isinstance(event, bytes) else json.dumps(event, separators=(",", ":")).encode()
        signature = base64.b64encode(self.key.sign(self.prefix + wire))
        return {"event": wire, "kid": self.kid.encode(), "sig": signature}


def read_private_key(text: str) -> Ed25519PrivateKey:
    """Return the private key in this text. Raises ValueError."""
    if "BEGIN" not in text:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    key = load_pem_private_key(text.strip().encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("The key is of another kind than Ed25519.")
    return key
