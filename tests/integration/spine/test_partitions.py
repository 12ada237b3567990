"""The log in several partitions on one server: who finds what in which stream."""

from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from backlog.models import Project
from backlog.states import ProjectStatus
from events import ledger, streams, trimming
from events.models import Event
from events.partitions import log_of, log_streams, partition, partition_of, share_of
from runtime.groups import CONSUMERS
from runtime.management.commands.consume import servers_of
from tests.flows import completed, dispatch_of, item_of, on_the_log, opened, put, request, step, template
from tests.invariants import violations
from tests.system import run_to_rest, system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def four_partitions(broker: None, settings: Settings) -> None:
    """The log in four partitions."""
    settings.PARTITIONS = 4


def test_with_one_partition_the_log_is_the_door(broker: None) -> None:
    assert log_streams() == [log_of(uuid4())] == [django_settings.STREAM_NAME]


def test_the_partition_of_a_project_never_changes() -> None:
    known = {"6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11": 2, "00000000-0000-0000-0000-000000000001": 3}
    assert {text: partition_of(UUID(text), 4) for text in known} == known


def test_projects_are_spread_evenly() -> None:
    counts = [0] * 4
    for _ in range(4000):
        counts[partition_of(uuid4(), 4)] += 1
    assert min(counts) > 800


def test_a_worker_of_the_older_kind_finds_its_dispatch_at_the_door_and_replies_there(four_partitions: None) -> None:
    project = opened(step("only", agent_target="foreign_worker"))
    assert [event["event_type"] for event in on_the_log()] == [
        "PROJECT.INITIAL_REQUEST_RECEIVED",
        "WORK.ITEM_DISPATCHED",
    ]
    put(completed(dispatch_of(project)))
    run_to_rest()
    assert item_of(project).state == "DONE"
    assert Project.objects.get(pk=project.pk).status == ProjectStatus.DONE


def test_what_another_program_writes_to_a_partition_is_read(four_partitions: None) -> None:
    event = request()
    streams.replay(partition(2), {b"event": ledger.strict_json.dumps(event)})
    run_to_rest()
    project = Project.objects.get(pk=event["payload"]["project_id"])
    came = Event.objects.get(type="PROJECT.INITIAL_REQUEST_RECEIVED", project_id=project.pk)
    assert came.stream_id.endswith(" 2"), "the ledger tells the partition beside the entry's id"
    assert ledger.handled_entries({came.stream_id.split()[0]}, "2") == {came.stream_id.split()[0]}
    assert ledger.handled_entries({came.stream_id.split()[0]}) == set()


def test_partitions_that_a_larger_number_left_behind_are_read_and_trimmed(
    four_partitions: None, settings: Settings
) -> None:
    with system():
        put(*(request() for _ in range(6)))
        wait_until(lambda: Project.objects.filter(status=ProjectStatus.DONE).count() == 6 and not violations())
    used = {name for name in log_streams() if streams.length(name)}
    settings.PARTITIONS = 1
    assert set(streams.streams_to_read()) >= used | {settings.STREAM_NAME}
    trimming.trim_streams()
    assert all(streams.length(name) <= 1 for name in used)


def test_processes_that_share_the_partitions_read_each_of_them_once(four_partitions: None) -> None:
    names = log_streams()
    first, second = (share_of(names, slot=slot, members=2) for slot in (1, 2))
    assert first[0] == second[0] == names[0], "all read the door"
    assert sorted([*first[1:], *second[1:]]) == names[1:]
    assert share_of(names, slot=7, members=1) == names


def test_one_server_of_a_group_has_the_clock(four_partitions: None) -> None:
    servers = servers_of(list(CONSUMERS), 1, log_streams())
    clocks = [server.group for server in servers if server.ticks]
    assert sorted(clocks) == sorted([*CONSUMERS, "dead-letters"])
    for server in servers:
        server.executor.shutdown()


def test_on_postgresql_two_threads_of_a_process_read_an_undivided_log_for_the_orchestrator() -> None:
    servers = servers_of(["orchestrator", "clarifications"], 3, [django_settings.STREAM_NAME])
    names = [server.consumer for server in servers if server.stream == django_settings.STREAM_NAME]
    lanes = ["orchestrator-3", "orchestrator-3-2"] if connection.vendor == "postgresql" else ["orchestrator-3"]
    assert names == [*lanes, "clarifications-3"]
    assert [server.consumer for server in servers if server.ticks] == [
        "orchestrator-3", "clarifications-3", "dead-letters-3",
    ]  # fmt: skip
    for server in servers:
        server.executor.shutdown()


def test_a_project_asked_for_by_name_goes_on_in_its_partition(four_partitions: None) -> None:
    name = template(step("only"))
    event = request(name)
    put(event)
    run_to_rest()
    project_id = UUID(event["payload"]["project_id"])
    found = [fields[b"project"].decode() for _, fields in streams.client().xrange(log_of(project_id))]
    assert set(found) == {str(project_id)}
