"""The whole system on a real cluster of three nodes, its log in four partitions."""

import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.core.management import call_command
from pytest_django import Settings

from backlog.models import Project
from backlog.states import ProjectStatus
from events import broker, fitness, signs, streams, trimming
from events.envelope import Outgoing
from events.errors import BrokerUnfit
from events.lost_dispatches import LostDispatches
from events.models import Event
from events.partitions import log_of, log_streams
from tests.flows import put, request, step, template
from tests.invariants import violations
from tests.system import system
from tests.tally import added_to
from tests.valkeys import Server, ValkeyCluster, free_ports
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]
PARTITIONS = 4


@pytest.fixture(scope="module")
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """A cluster that the tests of this file share: it takes seconds to form."""
    with ValkeyCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(three_nodes: ValkeyCluster, settings: Settings) -> Iterator[ValkeyCluster]:
    """The cluster, empty and whole, as the broker of this test."""
    settings.REDIS_URL, settings.PARTITIONS = three_nodes.url, PARTITIONS
    streams.client.cache_clear()
    for node in three_nodes.nodes:
        node.client().flushall()
    yield three_nodes
    three_nodes.ensure_running()
    wait_until(three_nodes.is_whole)
    streams.client.cache_clear()


def finished() -> int:
    """How many projects are done."""
    return Project.objects.filter(status=ProjectStatus.DONE).count()


def test_many_projects_end_once_each_and_keep_their_order(cluster: ValkeyCluster) -> None:
    with system():
        put(*(request() for _ in range(12)))
        wait_until(lambda: finished() == 12 and not violations(), 30)
    order = defaultdict(list)
    for name in log_streams()[1:]:
        for _, fields in streams.client().xrange(name):
            order[fields[b"project"].decode()].append((name, fields[b"type"]))
    assert len(order) == 12
    for said in order.values():
        assert len({name for name, _ in said}) == 1, "a project keeps to one partition"
        kinds = [kind for _, kind in said]
        assert kinds[0] == b"PROJECT.OPENED"
        assert (
            kinds.index(b"WORK.ITEM_DISPATCHED")
            < kinds.index(b"WORK.ITEM_COMPLETED")
            < kinds.index(b"PROJECT.COMPLETED")
        )
    assert len({said[0][0] for said in order.values()}) > 1, "the projects are spread"


def test_each_event_is_published_once_and_a_dispatch_twice_more(cluster: ValkeyCluster) -> None:
    with system():
        put(request())
        wait_until(lambda: finished() == 1 and not violations(), 30)
    dispatches = Event.objects.filter(type="WORK.ITEM_DISPATCHED").count()
    assert sum(added_to(name) for name in log_streams()) == Event.objects.count() + dispatches
    assert added_to(streams.work_stream("generic_worker")) == dispatches


@pytest.mark.faults
def test_a_node_that_is_killed_and_comes_back_loses_nothing(cluster: ValkeyCluster, haste: None) -> None:
    with system():
        put(*(request() for _ in range(10)))
        wait_until(lambda: Project.objects.count() == 10, 30)
        cluster.node_of(streams.work_stream("generic_worker")).kill()
        wait_until(lambda: not cluster.is_whole())
        cluster.ensure_running()
        wait_until(lambda: finished() == 10 and not violations(), 60)


def test_a_node_that_forgets_everything_gets_its_dispatches_again(cluster: ValkeyCluster, settings: Settings) -> None:
    settings.REPUBLISH_SECONDS = 3600.0  # the loss has to be noticed by the node's signs
    watch = LostDispatches()
    put(request(template(step("only"))))
    with system(relay=False):
        wait_until(lambda: streams.length(streams.work_stream("foreign_worker")) == 1)
        wait_until(lambda: not violations(at_rest=False))
    watch.publish_lost()
    cluster.node_of(streams.work_stream("foreign_worker")).client().flushall()
    with system(relay=False):
        wait_until(lambda: watch.publish_lost() == 1)
    assert streams.length(streams.work_stream("foreign_worker")) == 1


def test_every_node_shows_signs_of_its_own(cluster: ValkeyCluster) -> None:
    first, second = signs.signs_of_the_broker(), signs.signs_of_the_broker()
    assert len(first) == len({run_id for run_id, _ in first.values()}) == 3
    assert all(second[name] == (run_id, count + 1) for name, (run_id, count) in first.items())


def test_what_is_settled_is_trimmed_in_every_partition(cluster: ValkeyCluster) -> None:
    with system():
        put(*(request() for _ in range(8)))
        wait_until(lambda: finished() == 8 and not violations(), 30)
    trimming.trim_streams()
    assert all(streams.length(name) <= 1 for name in log_streams())


def test_the_streams_are_shown_with_every_partition(cluster: ValkeyCluster, capsys: pytest.CaptureFixture[str]) -> None:
    with system():
        put(request())
        wait_until(lambda: finished() == 1 and not violations(), 30)
    call_command("streams", "--json")
    said = capsys.readouterr().out
    assert all(f'"{name}"' in said for name in log_streams())


def test_a_page_follows_streams_in_several_slots(cluster: ValkeyCluster) -> None:
    positions = streams.newest_positions(log_streams())
    assert streams.read_after(positions, count=10, block_ms=1) == []
    put(request())
    assert [entry.stream for entry in streams.read_after(positions, count=10)] == ["audit:events"]


def test_signs_of_life_are_looked_up_in_every_slot(cluster: ValkeyCluster) -> None:
    for name in ("one", "two", "three"):
        signs.show_life(name)
    assert signs.living(["one", "two", "three", "four"]) == {"one", "two", "three"}


def test_the_cache_counts_in_the_cluster(cluster: ValkeyCluster, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": cluster.url}}
    cache = caches["default"]
    cache.add("requests", 1, 60)
    assert cache.incr("requests") == 2


def test_an_address_of_the_wrong_kind_is_refused_in_words(cluster: ValkeyCluster, settings: Settings) -> None:
    assert fitness.verify_broker() == []
    settings.REDIS_URL = f"redis://127.0.0.1:{cluster.nodes[0].port}/0"
    streams.client.cache_clear()
    with pytest.raises(BrokerUnfit, match=r"redis\+cluster://"):
        fitness.verify_broker()


def test_one_server_at_the_address_of_a_cluster_is_refused_in_words(tmp_path: Path, settings: Settings) -> None:
    server = Server(tmp_path / "one", free_ports(1)[0])
    server.start()
    settings.REDIS_URL = f"redis+cluster://127.0.0.1:{server.port}"
    streams.client.cache_clear()
    try:
        with pytest.raises(BrokerUnfit, match="write redis://"):
            fitness.verify_broker()
    finally:
        server.stop()
        streams.client.cache_clear()


def test_what_a_node_does_not_answer_is_not_sent_again(cluster: ValkeyCluster) -> None:
    event = Outgoing(b"{}", uuid4(), "PROJECT.OPENED", uuid4())
    stream = log_of(event.project_id)
    node = cluster.node_of(stream)
    streams.publish([event])
    with frozen(node), pytest.raises(streams.BROKER_ERRORS):
        streams.publish([event])
    wait_until(lambda: node.client().xlen(stream) > 1)
    assert node.client().xlen(stream) == 2, "the client's own second try would make it three"


@contextmanager
def frozen(node: Server) -> Iterator[None]:
    """The node takes connections and says nothing, until a second after a client has given it up."""
    assert node.pid
    waking = Timer(broker.SOCKET_TIMEOUT_SECONDS + 1, os.kill, [node.pid, signal.SIGCONT])
    os.kill(node.pid, signal.SIGSTOP)
    waking.start()
    try:
        yield
    finally:
        waking.join()
