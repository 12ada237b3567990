"""The message to a push service (RFC 8030) that wakes a device, signed as RFC 8292 (VAPID) says.

It has no content: the push service learns that something waits, and not what. The device shows a fixed sentence, and
whoever taps it has to be signed in. So no notice, forwarded or read by others, gives any right.
"""

import json
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from devices.models import Device
from environment.push import KEY_BYTES, PushSettings
from webhooks.network import post_request

# In seconds. A device that is off for longer is not told any more; reminders follow.
KEPT_SECONDS = 24 * 3600
SIGNED_FOR_SECONDS = 12 * 3600
# A later notice about the same question takes the place of one that was not delivered: at most 32 letters name it.
LONGEST_TOPIC = 32


def wake(push: PushSettings, device: Device, *, topic: str) -> int:
    """Wake the device; return the status of the push service: 404 and 410 say that the subscription has ended.

    Raises RefusedAddress, or one of TRANSPORT_ERRORS.
    """
    headers = {
        "Authorization": authorization(push, device.endpoint),
        "TTL": str(KEPT_SECONDS),
        "Topic": sha256(topic.encode()).hexdigest()[:LONGEST_TOPIC],
        "Content-Length": "0",
    }
    return post_request(device.endpoint, body=b"", headers=headers).status


def authorization(push: PushSettings, endpoint: str) -> str:
    """Return the header that shows the push service that the browser subscribed to this very key."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + SIGNED_FOR_SECONDS,
        "sub": push.contact,
    }
    signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(key_of(push).sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = encoded(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={(signed + b'.' + signature).decode()}, k={public_key(push)}"


def key_of(push: PushSettings) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs."""
    return ec.derive_private_key(push.secret, ec.SECP256R1())


def public_key(push: PushSettings) -> str:
    """Return the public key as browsers want it: the uncompressed point in base64url."""
    point = key_of(push).public_key().public_numbers()
    return encoded(b"\x04" + point.x.to_bytes(KEY_BYTES) + point.y.to_bytes(KEY_BYTES)).decode()


def encoded(part: bytes) -> bytes:
    """Return the bytes in base64url without padding."""
    return urlsafe_b64encode(part).rstrip(b"=")
