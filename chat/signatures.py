"""Whether a request came from Slack, just now, and for the first time.

Slack signs `v0:TIMESTAMP:BODY` with HMAC-SHA256 and the app's signing secret, and advises to refuse what is older than
five minutes: https://docs.slack.dev/authentication/verifying-requests-from-slack. Within the five minutes, a signature
is taken once. It is kept in the cache; where the cache lost it, the first answer stands all the same.
"""

import hashlib
import hmac

from django.core.cache import cache
from django.utils.translation import gettext as _

from chat.errors import Forged

VERSION = "v0"
# In seconds, to either side: clocks differ.
WINDOW = 5 * 60


def signature_of(secret: str, *, timestamp: str, body: bytes) -> str:
    """Return the signature of a body at this time, in seconds since 1970, as Slack writes it."""
    signed = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def require_signed(secret: str, *, timestamp: str, signature: str, body: bytes, now: float) -> None:
    """Raise Forged unless the signature is right, from the last five minutes, and was not seen before."""
    expected = signature_of(secret, timestamp=timestamp, body=body)
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
        raise Forged(_("The signature is wrong."))
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > WINDOW:
        raise Forged(_("The request is older than five minutes, or the clocks differ: send it anew."))
    if not cache.add(f"chat:seen:{signature}", 1, timeout=2 * WINDOW):
        raise Forged(_("This request came before: it has had its effect."))
