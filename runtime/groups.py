"""Which consumer serves which group of the log and which agent.

Apart from `runtime/routing.py`, so that processes without pages do not load the web and the REST interface: 20 MB.
"""

from collections.abc import Mapping

from channels.routing import ChannelNameRouter

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from clarifications.consumers import ClarificationsConsumer
from events.consumers import BatchConsumer, ValidatorConsumer

CONSUMERS: dict[str, type[BatchConsumer]] = {
    consumer.group: consumer for consumer in (OrchestratorConsumer, ClarificationsConsumer, ValidatorConsumer)
}


def log_consumers() -> dict[str, type[BatchConsumer]]:
    """Return the consumer of each group of the log, and the one of the dead letters of other programs."""
    return {**CONSUMERS, DeadLettersConsumer.group: DeadLettersConsumer}


def stream_consumers() -> ChannelNameRouter:
    """Return all stream consumers by channel name: one for each group and one for each agent."""
    from workers.consumers import worker_consumers  # not where only the log is read: with the agents it takes 10 MB

    return by_channel({**log_consumers(), **worker_consumers()})


def by_channel(consumers: Mapping[str, type[BatchConsumer]]) -> ChannelNameRouter:
    """Return the application that has each of these consumers at the channel of its name."""
    return ChannelNameRouter({name: consumer.as_asgi() for name, consumer in consumers.items()})
