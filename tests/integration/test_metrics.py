"""The figures of the processes: what they count, that they stay few, and who may see them."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from accounts.keys import make_key
from accounts.roles import OPERATOR
from backlog.models import Project
from events import streams
from events.models import DeadLetter
from events.work import unit_of_work
from runtime import exposition
from runtime.system_metrics import SystemCollector
from telemetry import metrics, requests
from telemetry.log_lines import formatter
from tests.callers import account
from tests.figures import TOKEN, counted, figure, get, samples, web
from tests.flows import envelope, on_the_log, put, request
from tests.system import run_to_rest, system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guarded(settings: Settings) -> None:
    """A token that the figures need."""
    settings.METRICS = replace(settings.METRICS, token=TOKEN)


def look() -> dict[Any, float]:
    """The figures of the whole system, asked now."""
    collector = SystemCollector()
    collector.look()
    return {(s.name, frozenset(s.labels.items())): s.value for family in collector.collect() for s in family.samples}


def test_a_project_is_counted_from_its_request_to_its_report(broker: None) -> None:
    work = {"agent": "generic_worker", "outcome": "completed"}
    with (
        counted("interlock_project_seconds_count") as lead_times,
        counted("interlock_transitions_total", object="project", state="DONE") as moves,
        counted("interlock_work_attempts_total", **work) as attempts,
    ):
        before = figure("interlock_work_attempts_total", **work)
        put(request("minimal"))
        with system():
            wait_until(lambda: len(on_the_log("REPORT.FINAL_PUBLISHED")) == 1)
            wait_until(lambda: figure("interlock_work_attempts_total", **work) >= before + 3)
    assert Project.objects.get().status == "DONE"
    assert (lead_times, moves, attempts) == ([1], [1], [3])
    for kind, outcome in (("PROJECT.INITIAL_REQUEST_RECEIVED", "applied"), ("WORK.ITEM_COMPLETED", "applied")):
        assert figure("interlock_events_total", group="orchestrator", type=kind, outcome=outcome) >= 1
    assert figure("interlock_events_emitted_total", type="PROJECT.COMPLETED") >= 1
    assert figure("interlock_batch_entries_count", group="orchestrator") >= 1


def test_an_event_that_comes_twice_counts_as_repeated_and_a_bad_one_as_buried(broker: None) -> None:
    event = request("minimal")
    about = {"group": "orchestrator", "type": event["event_type"]}
    with (
        counted("interlock_events_total", outcome="applied", **about) as applied,
        counted("interlock_events_total", outcome="repeated", **about) as repeated,
    ):
        put(event, event)
        run_to_rest("orchestrator")
    assert (applied, repeated) == ([1], [1])
    with counted("interlock_events_total", group="validators", type="other", outcome="buried") as buried:
        put(b"no event", envelope("MADE.UP_BY_SOMEBODY", {}))
        run_to_rest("validators")
    assert buried == [2]


def fail_after_noting() -> None:
    """A unit of work that is rolled back."""
    with unit_of_work() as work:
        work.note_time(metrics.PROJECT_SECONDS, 1.0)
        raise ZeroDivisionError


def test_what_is_rolled_back_is_not_counted(broker: None) -> None:
    with counted("interlock_project_seconds_count") as times:
        with pytest.raises(ZeroDivisionError):
            fail_after_noting()
        with transaction.atomic(), unit_of_work() as work:
            work.note_time(metrics.PROJECT_SECONDS, 1.0)
    assert times == [1]


def test_the_whole_system_is_asked_with_one_query(
    broker: None, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    put(request("minimal"), b"no event")
    run_to_rest("orchestrator", "validators")
    # The others begin and end a transaction, and set PostgreSQL's time limit in it.
    with django_assert_max_num_queries(4):
        found = look()
    orchestrator = frozenset({("stream", django_settings.STREAM_NAME), ("group", "orchestrator")})
    assert {found["interlock_part_up", frozenset({("part", part)})] for part in ("database", "broker", "disk")} == {1}
    assert found["interlock_dead_letters_open", frozenset()] == DeadLetter.objects.count() == 1
    assert found["interlock_group_pending", orchestrator] == 0
    assert found["interlock_group_lag", orchestrator] == 0
    worker = frozenset({("stream", streams.work_stream("generic_worker")), ("group", "generic_workers")})
    assert ("interlock_group_lag", worker) not in found  # the group is made by its first reader
    streams.ensure_group(streams.work_stream("generic_worker"), "generic_workers")
    found = look()
    assert (found["interlock_group_lag", worker], found["interlock_group_readers", worker]) == (1, 0)
    assert found["interlock_group_oldest_seconds", worker] > 0


def test_a_part_that_is_away_is_told_and_the_others_are_shown(broker: None, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    streams.client.cache_clear()
    try:
        found = look()
    finally:
        settings.REDIS_URL = django_settings.CACHES["default"]["LOCATION"]
        streams.client.cache_clear()
    assert found["interlock_part_up", frozenset({("part", "broker")})] == 0
    assert found["interlock_part_up", frozenset({("part", "database")})] == 1
    assert ("interlock_outbox_commits", frozenset()) in found


def test_the_web_shows_them_to_the_holder_of_the_token_and_counts_by_route(broker: None, guarded: None) -> None:
    with web() as port:
        for path in ("/api/v1/projects/00000000-0000-0000-0000-000000000001", "/api/v1/nothing", "/nothing?a=b"):
            assert get(port, path).status in (401, 404)
        refused, shown = get(port, "/metrics"), get(port, "/metrics", Authorization=f"Bearer {TOKEN}")
        assert (refused.status, shown.status) == (403, 200)
        found = samples(shown.read().decode())
        assert get(port, "/metrics", Authorization="Bearer wrong").status == 403
    routes = {dict(labels)["route"] for name, labels in found if name == "interlock_http_requests_total"}
    assert {"/api/v1/projects/<uuid:project_id>", "other"} <= routes
    assert not any("0000" in route or "nothing" in route for route in routes)
    assert ("interlock_outbox_commits", frozenset()) in found


def lines_of(logger: str, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What this logger has said."""
    return [record for record in caplog.records if record.name == logger]


def test_a_request_has_an_id_and_a_line_without_its_address_or_its_caller(
    broker: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, lines = "eyJ0b2tlbiI6MX0", list[str]()
    with caplog.at_level("INFO", "interlock.requests"), web() as port:
        answer = get(port, f"/answer/{secret}/?who=dana@example.org", X_Request_ID="caller-7")
        forged = get(port, "/sign-in/", X_Request_ID="a b")
        wait_until(lambda: lines.extend(capsys.readouterr().err.splitlines()) or str(lines).count("outcome=") == 2)
    assert answer.headers["X-Request-ID"] == "caller-7"
    assert len(forged.headers["X-Request-ID"]) == 32
    first, second = [line for line in lines if "interlock.requests" in line]
    assert f"GET /answer/<str:token> {answer.status} request=caller-7 seconds=" in first
    assert f"GET /sign-in 200 request={forged.headers['X-Request-ID']} seconds=" in second
    assert not any(word in line for line in lines for word in (secret, "dana"))


def test_a_line_names_the_account_by_its_number_also_of_a_call_that_is_refused(
    broker: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    rita, bot, lines = account("rita"), account("bot", OPERATOR), list[str]()
    _key, text = make_key(bot, name="bot", scopes=["read"], lifetime=None)
    browser = Client()
    browser.force_login(rita)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    with caplog.at_level("INFO", "interlock.requests"), web() as port:
        get(port, "/api/v1/dead-letters", Cookie=cookie)
        get(port, "/api/v1/dead-letters", Authorization=f"Bearer {text}")
        wait_until(lambda: lines.extend(capsys.readouterr().err.splitlines()) or str(lines).count("outcome=") == 2)
    refused, allowed = [line for line in lines if "interlock.requests" in line]
    assert ("/dead-letters 403 request=" in refused, f" account={rita.pk} " in refused) == (True, True)
    assert ("/dead-letters 200 request=" in allowed, f" account={bot.pk} " in allowed) == (True, True)
    assert "rita" not in str(lines)


def test_each_event_has_a_line_where_that_is_asked_for(broker: None, caplog: pytest.LogCaptureFixture) -> None:
    event = request("minimal")
    with caplog.at_level("INFO", "interlock.events"):
        put(event)
        run_to_rest("orchestrator")
    [line] = map(formatter("text").format, lines_of("interlock.events", caplog))
    about = f"project={event['payload']['project_id']} correlation={event['correlation_id']} group=orchestrator"
    assert f"{event['event_type']} applied {about} event={event['event_id']} seconds=" in line
    assert "Find out where" not in line


def test_the_web_shows_them_to_a_key_that_may_read_the_health_and_to_no_other(broker: None, guarded: None) -> None:
    bot = account("bot", OPERATOR)
    made = {scope: make_key(bot, name="probe", scopes=[scope], lifetime=None)[1] for scope in ("health", "projects")}
    with web() as port:
        seen = {scope: get(port, "/metrics", Authorization=f"Bearer {text}").status for scope, text in made.items()}
    assert seen == {"health": 200, "projects": 403}


def test_without_a_token_an_address_decides_and_a_proxy_never_speaks_for_one(settings: Settings) -> None:
    def may(address: str, *, on_own_port: bool = False, **headers: str) -> bool:
        return exposition.is_allowed(address, headers, on_own_port=on_own_port)

    assert not may("127.0.0.1")
    assert may("127.0.0.1", on_own_port=True)
    assert may("::ffff:127.0.0.1", on_own_port=True)
    assert not may("10.1.2.3", on_own_port=True)
    settings.METRICS = replace(settings.METRICS, networks=(ip_network("10.0.0.0/8"),))
    assert may("10.1.2.3")
    assert not may("11.1.2.3")
    assert not may("10.1.2.3", **{"x-forwarded-for": "10.1.2.3"})
    assert not may("nobody")


def test_a_process_shows_its_own_on_its_port_and_goes_on_where_the_port_is_taken(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.METRICS = replace(settings.METRICS, port=0)
    assert exposition.serve_own_port() is None
    server = exposition.Server("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = int(server.server_address[1])
    try:
        assert b"interlock_events_total" in get(port, "/metrics").read()
        assert get(port, "/else").status == 404
        settings.METRICS = replace(settings.METRICS, port=port)
        assert exposition.serve_own_port() is None
        assert f"port {port} of 127.0.0.1 cannot be used" in caplog.text
    finally:
        server.shutdown()
        server.server_close()


def test_the_labels_of_a_request_are_few_whatever_is_sent() -> None:
    made_up = requests.new_request("BREW", "x" * 65)
    assert (made_up.method, len(made_up.id)) == ("other", 32)
    assert requests.new_request("GET", "id\nforged").id != "id\nforged"
    assert requests.new_request("GET", "caller-7:a.b").id == "caller-7:a.b"
    assert requests.route_label("admin/backlog/item/<path:object_id>/change/") == "/admin"
    assert requests.route_label("api/v1/") == "other"
    assert requests.route_label("projects/<uuid:pk>/") == "/projects/<uuid:pk>"
