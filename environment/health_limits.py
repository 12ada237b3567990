"""From when on the health checks warn, and who is told more than whether each check is well."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from environment.tls import NETWORK
from environment.variables import Environment

Network = IPv4Network | IPv6Network
MB = 1024 * 1024


@dataclass(frozen=True)
class HealthLimits:
    """`free_bytes` of the data folder, and how long an event may wait: to be published, and to be read by a group.

    Callers from the networks of `told` get reasons and figures without signing in.
    """

    free_bytes: int
    outbox_seconds: float
    lag_seconds: float
    told: Sequence[Network]


def health_limits(env: Environment) -> HealthLimits:
    """Return the limits that the environment sets. Raises InvalidVariable, which names a variable with a bad value."""
    told = env.list("HEALTH_FROM", default=["127.0.0.0/8", "::1/128"], kind=NETWORK)
    return HealthLimits(
        # Room for the largest upload, unpacked, and for a report, several times.
        free_bytes=MB * env.int("HEALTH_FREE_MB", default=512, least=0, most=10**7),
        # The relay publishes what an outage left within seconds of its end.
        outbox_seconds=env.float("HEALTH_OUTBOX_SECONDS", default=60.0),
        # Dispatches may wait for agents that take long: this is more than a busy spell.
        lag_seconds=env.float("HEALTH_LAG_SECONDS", default=300.0),
        told=[ip_network(text) for text in told],
    )
