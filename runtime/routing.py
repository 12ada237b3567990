"""Which application serves what: HTTP, web sockets, and stream consumers by their channel names."""

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.urls import path

from health.probes import Probes
from pages.live import LiveConsumer
from runtime.answers import SafeAnswers
from runtime.bodies import Bodies
from runtime.groups import stream_consumers
from runtime.mcp_door import McpDoor
from runtime.origins import OwnPages
from runtime.patience import Patience
from runtime.requests import Watched
from runtime.threads import Threads

# Requests that one web process answers at the same time.
WEB_THREADS = 16


def live_feed() -> OwnPages:
    """Return the live feed, for signed-in people on our own pages."""
    return OwnPages(AuthMiddlewareStack(URLRouter([path("ws/live/", LiveConsumer.as_asgi())])))


def build_application() -> ProtocolTypeRouter:
    """Return the ASGI application.

    HTTP runs in threads, three to four times faster for the admin than one ASGI thread.
    """
    threads = Threads(get_wsgi_application(), workers=WEB_THREADS)
    http = SafeAnswers(Probes(Watched(Bodies(McpDoor(Patience(threads))))))
    return ProtocolTypeRouter({"http": http, "websocket": live_feed(), "channel": stream_consumers()})
