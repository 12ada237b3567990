"""What is given in other kinds than JSON can be asked for by its kind; problems of it are still JSON."""

from rest_framework.renderers import BaseRenderer, JSONRenderer


def besides(kind: str) -> list[type[BaseRenderer]]:
    """Renderers of a view that gives this kind by itself."""
    return [JSONRenderer, type("Other", (JSONRenderer,), {"media_type": kind})]
