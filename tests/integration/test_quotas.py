"""An organisation at its quota is refused at every door, in words that help, and stops nothing for the others."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.organisations import Organisation
from accounts.quotas import Limits, Quota
from accounts.roles import OPERATOR, REQUESTER
from api.waiting import ORGANISATION_HEADER
from backlog.consumers import OrchestratorConsumer
from backlog.errors import QuotaReached
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.organisations import make_organisation
from backlog.quotas import set_quota
from events.connections import NoRoomForOrganisation, OrganisationPlaces
from events.errors import PermanentError
from events.streams import Entry
from runtime.bodies import RequestRefused
from runtime.patience import Answer, place_within_organisation
from tests.callers import Caller, account, machine, person
from tests.flows import envelope
from tests.waiting import ROOM

pytestmark = pytest.mark.django_db

SAID = {"request_text": "Find out where our time goes.", "template": "minimal"}
# For what does not wait, on a machine that others use too.
SHORT_WAIT = 1.0
CSV = "task,minutes\n" + "\n".join(f"Write report {n},{n}" for n in range(1, 40))


@pytest.fixture
def sales() -> Organisation:
    """A second organisation."""
    return make_organisation("Sales")


@pytest.fixture
def sam(sales: Organisation) -> Caller:
    """A requester of it, with a session."""
    return person("sam", REQUESTER, organisation=sales)


def put(*requesters: str) -> list[str]:
    """Have the orchestrator handle a batch of requests that came as events; return why some are refused for good."""
    consumer, batch = OrchestratorConsumer(), []
    for number, name in enumerate(requesters):
        said = {**SAID, "project_id": str(uuid4()), "requester": name}
        wire = orjson.dumps(envelope("PROJECT.INITIAL_REQUEST_RECEIVED", said))
        entry = Entry("audit:events", f"{number}-0", {b"event": wire})
        event = consumer.read(entry)
        assert event is not None
        batch.append((entry, event))
    verdicts = consumer.apply_or_isolate(batch).values()
    assert all(isinstance(error, PermanentError | None) for error in verdicts)
    return [str(error) for error in verdicts if error is not None]


def owned(name: str) -> int:
    """How many projects this requester has."""
    return Project.objects.filter(requester=name).count()


@pytest.mark.spine
@pytest.mark.both
def test_every_door_opens_as_many_projects_as_the_quota_allows_and_others_go_on(
    sales: Organisation, sam: Caller, broker: None
) -> None:
    rita, key = person("rita", REQUESTER), machine("bot", REQUESTER, organisation=sales)
    set_quota(sales, Limits(projects_a_month=3))
    assert [sam.post("projects", SAID).status_code for _ in range(2)] == [201, 201]
    [reason] = put("sam", "rita", "sam", "rita")
    assert "may open 3 projects a month" in reason
    assert (owned("sam"), owned("rita")) == (3, 2)
    refused = key.post("projects", SAID)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:interlock:problem:quota-reached")
    assert (refused.json()["quota"], "can raise the limit" in refused.json()["detail"]) == ("projects_a_month", True)
    page = sam.client.post("/requests/new/", {**SAID, "form_token": str(uuid4())}).content.decode()
    assert "may open 3 projects a month" in page
    with pytest.raises(CommandError, match="may open 3 projects a month"):
        call_command("intake", text="Do it.", requester="sam", template="minimal")
    asked = key.post("questions", {"title": "Is it good?", "schema": {"type": "string"}})
    assert (asked.status_code, asked.json().get("quota")) == (403, "projects_a_month"), asked.json()
    assert rita.post("projects", SAID).status_code == 201
    assert Quota.objects.get().projects_used == 3


@pytest.mark.spine
@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_the_same_moment_one_is_the_last(broker: None) -> None:
    sales = make_organisation("Sales")
    account("sam", REQUESTER, organisation=sales)
    set_quota(sales, Limits(projects_a_month=1))

    def open_one(meanwhile: Callable[[], object] = lambda: None) -> None:
        with project_work() as work:
            submit_request(work, request={**SAID, "project_id": str(uuid4()), "requester": "sam"})  # type: ignore[typeddict-item]
            meanwhile()

    def in_a_thread() -> None:
        try:
            open_one()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        others: list[Future[None]] = []
        open_one(lambda: others.append(threads.submit(in_a_thread)) or wait(others, timeout=SHORT_WAIT))
        with pytest.raises(QuotaReached):
            others[0].result(timeout=ROOM * 10)
    assert owned("sam") == 1


def test_the_count_begins_anew_with_each_month_and_at_what_was_opened_before(sales: Organisation, sam: Caller) -> None:
    assert sam.post("projects", SAID).status_code == 201
    set_quota(sales, Limits(projects_a_month=1))
    assert (Quota.objects.get().projects_used, sam.post("projects", SAID).status_code) == (1, 403)
    Quota.objects.update(month=timezone.now().date().replace(day=1) - timedelta(days=1))
    assert [sam.post("projects", SAID).status_code for _ in range(2)] == [201, 403]


def test_a_file_without_room_is_refused_before_it_is_read_and_the_rows_of_ended_projects_make_room(
    sales: Organisation, sam: Caller, settings: Any
) -> None:
    def send(content: bytes = CSV.encode()) -> Any:
        file = SimpleUploadedFile("times.csv", content, "text/csv")
        return sam.client.post("/api/v1/projects", {**SAID, "file": file})

    assert send().status_code == 201
    first = Project.objects.get()
    assert first.stored_bytes > len(CSV)
    set_quota(sales, Limits(bytes_stored=first.stored_bytes + 100))
    assert Quota.objects.get().bytes_used == first.stored_bytes
    for content in (CSV.encode(), bytes(1000)):  # of which the second one cannot be read
        refused = send(content)
        assert (refused.status_code, refused.json().get("quota")) == (403, "bytes_stored"), refused.json()
    rows = [{"text": "Write report", "estimated_minutes": n} for n in range(40)]
    by_rows = sam.post("projects", {**SAID, "work_context": {"rows": rows}})
    assert (by_rows.status_code, by_rows.json().get("quota")) == (403, "bytes_stored"), by_rows.json()
    assert sam.post("projects", SAID).status_code == 201, "a request without rows needs no room"
    long_ago = timezone.now() - timedelta(days=settings.RETENTION.rows + 1)
    Project.objects.filter(pk=first.pk).update(finished_at=long_ago)
    Quota.objects.update(counted_at=long_ago)
    assert send().status_code == 201


def test_the_calls_of_an_organisation_are_counted_together(sales: Organisation, sam: Caller, broker: None) -> None:
    rita, bots = person("rita", REQUESTER), [machine(f"bot-{n}", REQUESTER, organisation=sales) for n in range(4)]
    set_quota(sales, Limits(calls_a_minute=4))
    answers = [caller.get("projects") for caller in (sam, *bots)]
    if {answer.status_code for answer in answers} == {200}:  # a minute ended in between
        answers = [caller.get("projects") for caller in (sam, *bots)]
    assert (answers[-1].status_code, answers[-1].json()["type"]) == (429, "urn:interlock:problem:quota-reached")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert rita.get("projects").status_code == 200


def test_streams_and_live_pages_of_an_organisation_are_counted_together() -> None:
    places = OrganisationPlaces()

    async def run() -> None:
        full = places.hold(2, 2)
        with places.hold(2, 2), full, places.hold(3, 1), places.hold(4, None), pytest.raises(NoRoomForOrganisation):
            places.hold(2, 2).__enter__()
        with places.hold(2, 2):
            assert places.held.total() == 1

    asyncio.run(run())


def test_a_stream_says_whose_it_is_and_one_too_many_is_refused(sales: Organisation, sam: Caller) -> None:
    project = sam.post("projects", SAID).json()["id"]
    set_quota(sales, Limits(open_connections=1))
    answer = sam.get(f"projects/{project}/events/stream", headers={"accept": "text/event-stream"})
    assert answer.headers[ORGANISATION_HEADER] == f"{sales.pk}/1"
    asked = Answer(headers=[(ORGANISATION_HEADER.encode(), answer.headers[ORGANISATION_HEADER].encode())])
    with place_within_organisation(asked), pytest.raises(RequestRefused) as refused:
        place_within_organisation(asked).__enter__()
    assert (refused.value.status, refused.value.name) == (429, "quota-reached")


def test_without_a_quota_nothing_is_asked_for(sam: Caller) -> None:
    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert sam.post("projects", SAID).status_code == 201
        return [query["sql"] for query in captured]

    statements()
    assert not [said for said in statements() if "accounts_quota" in said]


def test_quotas_are_set_by_the_command_and_by_a_superuser_and_each_change_is_recorded(
    sales: Organisation, sam: Caller
) -> None:
    call_command("organisations", "quota", "sales", "--projects-a-month", "5", stdout=(out := StringIO()))
    assert "projects opened in a calendar month: 5, 0 used" in out.getvalue()
    root = person("root", OPERATOR, is_superuser=True).client
    address = f"/admin/accounts/organisation/{sales.pk}/change/"
    assert b'value="5"' in root.get(address).content
    root.post(address, {"name": "Sales", "projects_a_month": "", "calls_a_minute": "60"})
    assert Quota.objects.get().limits == Limits(calls_a_minute=60)
    call_command("organisations", "quota", "sales", "--calls-a-minute", "none", stdout=StringIO())
    assert not Quota.objects.exists()
    details = AuditRecord.objects.filter(action="quota-changed").order_by("pk").values_list("details", flat=True)
    assert list(details) == [
        "projects a month: no limit → 5",
        "projects a month: 5 → no limit; calls a minute: no limit → 60",
        "calls a minute: 60 → no limit",
    ]
    assert sam.client.get(address).status_code == 302
