"""Signed addresses of stored rows: with one, a worker of the stream fetches rows that are too large for an event.

Whoever has an address may read that one artifact until the address expires. Only the dispatch contains it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing

from events.artifacts import ArtifactMissing

SALT = "events.artifact_links"
# Neither part of a token contains a dot, and every HTTP client keeps a dot in an address.
SEPARATOR = "."


class LinkOver(ArtifactMissing):
    """The signed address has expired; the next dispatch of the item contains a new one."""


def with_address(reference: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return the reference with `url` and `expires_at`; unchanged where PUBLIC_URL is not set."""
    if not settings.PUBLIC_URL:
        return reference
    until = now + timedelta(hours=settings.ARTIFACT_LINK_HOURS)
    token = signer().sign_object([reference["id"], int(until.timestamp())])
    address = f"{settings.PUBLIC_URL.rstrip('/')}/artifacts/{token}"
    return {**reference, "url": address, "expires_at": until.replace(microsecond=0).isoformat()}


def reference_of(token: str, *, now: datetime) -> dict[str, Any]:
    """Return the artifact reference inside the token. Raises ArtifactMissing, or LinkOver if the token has expired."""
    try:
        artifact, until = signer().unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ArtifactMissing("This address was not made by Interlock, or a part of it is missing.") from error
    if datetime.fromtimestamp(until, UTC) < now:
        raise LinkOver("This address has expired: the next dispatch of the item contains a new one.")
    return {"id": artifact, "sha256": artifact}


def signer() -> signing.Signer:
    """Return the signer of these addresses; its salt makes the signatures useless elsewhere."""
    return signing.Signer(salt=SALT, sep=SEPARATOR)
