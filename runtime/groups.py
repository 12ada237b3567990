"""Which consumer serves which group of the log and which agent.

Apart from `runtime/routing.py`, so that processes without pages do not load the web and the REST interface: 20 MB.
"""

from channels.routing import ChannelNameRouter

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from clarifications.consumers import ClarificationsConsumer
from events.consumers import BatchConsumer, ValidatorConsumer
from workers.consumers import worker_consumers

CONSUMERS: dict[str, type[BatchConsumer]] = {
    consumer.group: consumer for consumer in (OrchestratorConsumer, ClarificationsConsumer, ValidatorConsumer)
}


def stream_consumers() -> ChannelNameRouter:
    """Return the stream consumers by channel name: one for each group and one for each agent."""
    letters = {DeadLettersConsumer.group: DeadLettersConsumer}
    applications: dict[str, type[BatchConsumer]] = {**CONSUMERS, **letters, **worker_consumers()}
    return ChannelNameRouter({name: consumer.as_asgi() for name, consumer in applications.items()})
