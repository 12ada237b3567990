"""One-time codes of an app (TOTP, RFC 6238): six digits, a new one every 30 seconds, HMAC-SHA-1 as apps expect it."""

import base64
import hmac
import time

PERIOD_SECONDS, DIGITS = 30, 6


def counter_now() -> int:
    """Return the number of the period that it is now, counted from 1970."""
    return int(time.time()) // PERIOD_SECONDS


def code_at(secret: str, counter: int) -> str:
    """Return the code of the period; the secret is in Base32. RFC 4226, section 5.3, has the truncation."""
    digest = hmac.digest(base64.b32decode(secret, casefold=True), counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
