"""The web server: uvicorn on a socket that is opened here."""

import signal

import uvicorn
from django.conf import settings

from environment import heartbeat
from runtime.addresses import listening_socket
from runtime.draining import DrainingServer
from runtime.heads import StrictHeads

LONGEST_END_SECONDS = 5


class LivingServer(DrainingServer):
    """A server that shows that its event loop turns (`environment/heartbeat.py`)."""

    async def on_tick(self, counter: int) -> bool:
        """Note the turn, ten times a second; return True if the server has to end."""
        heartbeat.turn("web")
        return await super().on_tick(counter)


def serve(application: str, *, address: str, instead: str, shared: bool = False) -> None:
    """Serve the application (`module:name`) at HOST:PORT until SIGTERM. Raises AddressUnusable.

    Processes that serve a `shared` address get about as many connections each.
    """
    config = uvicorn.Config(
        application,
        http=StrictHeads,
        # Headers that name another caller are believed from these alone; uvicorn's own default is the whole machine.
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=LONGEST_END_SECONDS,
        server_header=False,
    )
    server = LivingServer(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Handled from now on, not only once the server runs; uvicorn raises the signal again after its end.
        signal.signal(number, server.handle_exit)
    with listening_socket(address, instead=instead, shared=shared) as sock:
        server.run([sock])
