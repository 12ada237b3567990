"""Which application serves what: pages, their live feed, and stream consumers under their channel names."""

from typing import Any

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.urls import path

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from clarifications.consumers import ClarificationsConsumer
from events.consumers import BatchConsumer, ValidatorConsumer
from pages.live import LiveConsumer
from runtime.bodies import Bodies
from runtime.origins import OwnPages
from runtime.patience import Patience
from workers.consumers import worker_consumers

# Requests served at once by one web process.
WEB_THREADS = 16

CONSUMERS: dict[str, type[BatchConsumer]] = {
    consumer.group: consumer for consumer in (OrchestratorConsumer, ClarificationsConsumer, ValidatorConsumer)
}


def channels() -> ChannelNameRouter:
    """The stream consumers by channel name: one a group, and one a worker."""
    letters = {DeadLettersConsumer.group: DeadLettersConsumer}
    applications: dict[str, type[BatchConsumer]] = {**CONSUMERS, **letters, **worker_consumers()}
    return ChannelNameRouter({name: consumer.as_asgi() for name, consumer in applications.items()})


def sockets() -> OwnPages:
    """The live feed, for signed-in people on pages of our own."""
    return OwnPages(AuthMiddlewareStack(URLRouter([path("ws/live/", LiveConsumer.as_asgi())])))


def application() -> ProtocolTypeRouter:
    """HTTP on threads, which serves the admin three to four times faster than one thread of ASGI."""
    wsgi: Any = get_wsgi_application()
    threads: Any = WSGIMiddleware(wsgi, workers=WEB_THREADS)
    http = Bodies(Patience(threads))
    return ProtocolTypeRouter({"http": http, "websocket": sockets(), "channel": channels()})
