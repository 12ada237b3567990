"""A loop hears again after a cut or a lost answer; one that looks at new entries only is found out."""

import pytest
from django.db import connection, connections

from backlog.models import Project
from events import streams
from events.bridge import StreamServer
from tests.flows import put, request
from tests.integration.spine.test_outages import terminate_all_backends
from tests.system import group_server, read_at_once, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# With the room for a busy machine, several times what a loop needs that hears.
DEAF_SECONDS = 1.2


def lose_an_answer(server: StreamServer) -> None:
    """Have the broker hand out a request to the server's name, in an answer that never reaches it."""
    streams.ensure_group(server.stream, server.group)
    put(request())
    assert read_at_once(server)


def cut_clients_of_broker() -> None:
    """Cut the connections to the broker, but for this one, and for those of tests beside: they use other databases."""
    client = streams.client()
    own, all_of_them = client.client_info(), client.client_list(_type="normal")
    for each in all_of_them:
        if each["db"] == str(own["db"]) and each["id"] != str(own["id"]):
            client.client_kill_filter(_id=each["id"])


def is_heard() -> bool:
    """Return True if the one request becomes a project."""
    try:
        wait_until(lambda: Project.objects.count() == 1, DEAF_SECONDS)
    except AssertionError:
        return False
    return True


def test_a_loop_hears_what_was_in_an_answer_that_got_lost(broker: None) -> None:
    lose_an_answer(server := group_server("orchestrator"))
    with serving(server, relay=False):
        assert is_heard()


def test_a_loop_that_never_looks_at_what_is_pending_is_found_out(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_at_nothing(_: StreamServer) -> None:
        """Leave pending entries alone."""

    monkeypatch.setattr(StreamServer, "reclaim", look_at_nothing)
    lose_an_answer(server := group_server("orchestrator"))
    with serving(server, relay=False):
        assert not is_heard()


@pytest.mark.both
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection that can be cut")
def test_a_loop_whose_connections_were_cut_hears_again(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    with serving(group_server("orchestrator"), relay=False):
        put(request())
        wait_until(lambda: Project.objects.count() == 1)
        terminate_all_backends()
        cut_clients_of_broker()
        put(request())
        wait_until(lambda: Project.objects.count() == 2)
