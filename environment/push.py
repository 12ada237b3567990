"""Notices on phones and in browsers (Web Push): the key with which Interlock signs them; off unless it is set."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from environment.variables import Environment, InvalidVariable, Kind

KEY_BYTES = 32


@dataclass(frozen=True)
class PushSettings:
    """The private key, and the address that tells a push service whose key it is."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    contact: str

    @property
    def public_key(self) -> str:
        """Return the public key as browsers want it: the uncompressed point in base64url."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return urlsafe_b64encode(point).rstrip(b"=").decode()


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the key on the curve P-256 whose secret number is these 32 bytes in base64. Raises ValueError."""
    secret = urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
    if len(secret) != KEY_BYTES:
        raise ValueError(text)
    return ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())


KEY: Kind[ec.EllipticCurvePrivateKey | None] = Kind(
    private_key, "32 random bytes in base64, from: openssl rand -base64 32"
)


def push_settings(env: Environment, *, public_url: str) -> PushSettings | None:
    """Return what notices are signed with; None where they are off. Raises InvalidVariable."""
    key = env.read("PUSH_PRIVATE_KEY", KEY, None)
    if key is None:
        return None
    if not public_url.startswith("https://"):
        raise InvalidVariable(
            "PUSH_PRIVATE_KEY needs PUBLIC_URL with https://: browsers give notices to no other page."
        )
    return PushSettings(key, public_url)
