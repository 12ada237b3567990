"""Notices on phones and in browsers (Web Push): the key with which Interlock signs them; off unless it is set."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass, field

from environment.variables import Environment, InvalidVariable, Kind

KEY_BYTES = 32


# Numbers below this are keys of the curve P-256: its order, SEC 2, section 2.4.2.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class PushSettings:
    """The secret number of the key, and the address that tells a push service whose key it is."""

    secret: int = field(repr=False)
    contact: str


def secret_number(text: str) -> int:
    """Return the secret number of a key on the curve P-256: these 32 bytes in base64. Raises ValueError."""
    secret = urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
    number = int.from_bytes(secret)
    if len(secret) != KEY_BYTES or not 0 < number < ORDER:
        raise ValueError(text)
    return number


KEY: Kind[int | None] = Kind(secret_number, "32 random bytes in base64, from: openssl rand -base64 32")


def push_settings(env: Environment, *, public_url: str) -> PushSettings | None:
    """Return what notices are signed with; None where they are off. Raises InvalidVariable."""
    secret = env.read("PUSH_PRIVATE_KEY", KEY, None)
    if secret is None:
        return None
    if not public_url.startswith("https://"):
        raise InvalidVariable(
            "PUSH_PRIVATE_KEY needs PUBLIC_URL with https://: browsers give notices to no other page."
        )
    return PushSettings(secret, public_url)
