"""Content negotiation for endpoints that respond with another media type than JSON; their problems are still JSON."""

from rest_framework.renderers import BaseRenderer, JSONRenderer


def json_and(media_type: str) -> list[type[BaseRenderer]]:
    """Return the renderers of a view that makes its own response of this media type and problems as JSON."""
    return [JSONRenderer, type("Other", (JSONRenderer,), {"media_type": media_type})]
