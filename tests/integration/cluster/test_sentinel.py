"""A primary that fails in mid-run, and the replica that the Sentinel puts in its place."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core.cache import caches
from pytest_django import Settings

from backlog.models import Project
from backlog.states import ProjectStatus
from environment.broker_urls import parsed
from events import fitness, streams
from tests.flows import put, request
from tests.invariants import violations
from tests.system import system
from tests.valkeys import Sentineled, sentineled
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def formation(tmp_path: Path, settings: Settings) -> Iterator[Sentineled]:
    """A primary, a replica and a Sentinel as the broker of this test."""
    with sentineled(tmp_path) as running:
        settings.REDIS_URL = running.url
        streams.client.cache_clear()
        yield running
    streams.client.cache_clear()


def is_reachable() -> bool:
    """Whether the Sentinel names a primary again that answers."""
    with suppress(*streams.BROKER_ERRORS):
        return bool(streams.client().ping())
    return False


def finished() -> int:
    """How many projects are done."""
    return Project.objects.filter(status=ProjectStatus.DONE).count()


def test_a_fail_over_in_mid_run_loses_nothing(formation: Sentineled, haste: None) -> None:
    with system():
        put(*(request() for _ in range(10)))
        wait_until(lambda: Project.objects.count() == 10, 30)
        formation.primary.kill()
        wait_until(lambda: formation.replica.role() == "master", 20)
        wait_until(is_reachable)
        put(*(request() for _ in range(5)))
        wait_until(lambda: finished() == 15 and not violations(), 60)


def test_cache_and_live_pages_find_the_primary(formation: Sentineled, settings: Settings) -> None:
    assert fitness.verify_broker() == []
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": formation.url}}
    caches["default"].set("requests", 1, 60)
    assert caches["default"].incr("requests") == 2
    asyncio.run(tell_a_page(formation.url))


async def tell_a_page(url: str) -> None:
    """A page is told to look again, over the primary that the Sentinel names."""
    layer = RedisPubSubChannelLayer(hosts=[parsed(url).channel_host()])
    channel = await layer.new_channel()
    await layer.group_add("pages", channel)
    await layer.group_send("pages", {"type": "look.again"})
    assert await layer.receive(channel) == {"type": "look.again"}
    await layer.flush()
