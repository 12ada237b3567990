"""Signed addresses of stored rows: a worker on the stream fetches what is too large for an event without a lease.

Whoever holds an address may read that one artifact until it expires; it is in the dispatch and nowhere else.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing

from events.artifacts import ArtifactMissing

SALT = "events.artifact_links"
# Neither part of a token has a dot, and every client keeps one inside an address.
SEPARATOR = "."


class LinkOver(ArtifactMissing):
    """The address has expired; the next dispatch of the item carries a new one."""


def with_address(reference: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return the reference with `url` and `expires_at`, or as it is where PUBLIC_URL does not say who we are."""
    if not settings.PUBLIC_URL:
        return reference
    until = now + timedelta(hours=settings.ARTIFACT_LINK_HOURS)
    token = signer().sign_object([reference["id"], int(until.timestamp())])
    address = f"{settings.PUBLIC_URL.rstrip('/')}/artifacts/{token}"
    return {**reference, "url": address, "expires_at": until.replace(microsecond=0).isoformat()}


def reference_of(token: str, *, now: datetime) -> dict[str, Any]:
    """Return the reference that the token was made for. Raises ArtifactMissing, or LinkOver once it has expired."""
    try:
        artifact, until = signer().unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ArtifactMissing("This address was not made by Interlock, or is not whole.") from error
    if datetime.fromtimestamp(until, UTC) < now:
        raise LinkOver("This address has expired: the item's next dispatch carries a new one.")
    return {"id": artifact, "sha256": artifact}


def signer() -> signing.Signer:
    """Signs these addresses and nothing else."""
    return signing.Signer(salt=SALT, sep=SEPARATOR)
