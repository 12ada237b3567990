"""What holds for every call: problems, answers given once, ETags, limits, languages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection

from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER
from api.models import KeptAnswer
from backlog.models import Project, Template
from events.clock import database_now
from events.models import Event
from tests.callers import Caller, anybody, machine, person

pytestmark = pytest.mark.django_db

REQUEST = {"request_text": "Where does the time go?", "template": "minimal", "title": "Time"}


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything an operator may."""
    return machine("bot", OPERATOR)


def opened(caller: Caller, **more: Any) -> dict[str, Any]:
    """A project that the caller opened."""
    response = caller.post("projects", {**REQUEST, **more})
    assert response.status_code == 201
    project: dict[str, Any] = response.json()
    return project


# -- problems --------------------------------------------------------------------------------------
def test_a_problem_names_itself_and_points_to_what_is_at_fault(bot: Caller) -> None:
    response = bot.post("projects", {"title": "x" * 201, "request_text": "Do it."})
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:interlock:problem:invalid-request"
    assert [fault["pointer"] for fault in problem["errors"]] == ["/title"]
    assert not Project.objects.exists()


def test_a_request_that_its_contract_forbids_is_refused_with_pointers(bot: Caller) -> None:
    response = bot.post("projects", {**REQUEST, "work_context": {"rows": [{"text": 5}]}})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/work_context/rows/0/text"


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b"{", b"\xff", b'{"a": 1e999}', b"[" * 100 + b"]" * 100])
def test_json_that_readers_disagree_about_is_refused(bot: Caller, body: bytes) -> None:
    response = bot.client.post("/api/v1/projects", body, content_type="application/json", headers=bot.headers)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_whoever_comes_with_nothing_is_told_with_what_to_come() -> None:
    response = anybody().get("projects")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="interlock"')


def test_an_act_that_the_lifecycle_forbids_says_which_are_allowed(bot: Caller) -> None:
    project = opened(bot)
    bot.post(f"projects/{project['id']}/cancel", {"reason": "No need."})
    response = bot.post(f"projects/{project['id']}/cancel", {"reason": "Again."})
    assert (response.status_code, response.json()["allowed"]) == (409, [])
    item = bot.get("items", project=project["id"]).json()["results"][0]
    response = bot.post(f"items/{item['id']}/dispatch")
    assert (response.status_code, response.json()["state"]) == (409, "CANCELLED")


def test_problems_are_said_in_the_callers_language(bot: Caller) -> None:
    english, french = (bot.post("projects", {}, headers={"Accept-Language": one}).json() for one in ("en", "fr"))
    assert english["detail"] == "Say what is asked for, or send a file."
    assert french["detail"] != english["detail"]


def test_rows_that_are_sent_as_json_are_worked_on(bot: Caller) -> None:
    rows = [{"text": "Match payments", "estimated_minutes": 30}]
    project = opened(bot, work_context={"rows": rows, "hourly_rate": 45})
    known = bot.get(f"projects/{project['id']}/context").json()
    assert (known["data"]["rows"], known["data"]["hourly_rate"]) == (rows, 45)
    assert known["provenance"]["rows"]["by"] == "bot"


# -- once ------------------------------------------------------------------------------------------
def test_a_request_sent_twice_with_a_key_opens_one_project_and_gets_one_answer(bot: Caller) -> None:
    first, second = (bot.post("projects", REQUEST, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == second.json()
    assert first["Location"] == second["Location"]
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Project.objects.count() == 1


def test_a_key_is_good_for_one_request_only(bot: Caller) -> None:
    bot.post("projects", REQUEST, headers={"Idempotency-Key": "k1"})
    response = bot.post("projects", {**REQUEST, "title": "Other"}, headers={"Idempotency-Key": "k1"})
    assert (response.status_code, response.json()["type"]) == (422, "urn:interlock:problem:idempotency-key-reused")


def test_two_accounts_may_use_the_same_key(bot: Caller) -> None:
    other = person("olga", OPERATOR)
    answers = [caller.post("projects", REQUEST, headers={"Idempotency-Key": "k1"}) for caller in (bot, other)]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_a_refusal_is_not_kept(bot: Caller) -> None:
    assert bot.post("projects", {}, headers={"Idempotency-Key": "k1"}).status_code == 422
    assert bot.post("projects", REQUEST, headers={"Idempotency-Key": "k1"}).status_code == 201
    assert KeptAnswer.objects.count() == 1


def test_a_project_id_of_ones_own_is_opened_once(bot: Caller) -> None:
    named = {"project_id": "6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11"}
    opened(bot, **named)
    assert bot.post("projects", {**REQUEST, **named}).status_code == 409
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 1


# -- at the same moment ----------------------------------------------------------------------------
@contextmanager
def overtaken(table: str, make: Callable[[], object]) -> Iterator[None]:
    """Just before the first row is put into the table, another is: as by a caller that looked at the same moment."""
    rivals = [make]

    def insert(execute: Any, sql: str, *about: Any) -> Any:
        if sql.startswith(f'INSERT INTO "{table}"') and rivals:
            rivals.pop()()
        return execute(sql, *about)

    with connection.execute_wrapper(insert):
        yield
    assert not rivals


def test_of_two_callers_with_one_project_id_the_later_is_told_to_read_again(bot: Caller) -> None:
    named = {"id": UUID("6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11"), "title": "First"}
    minimal, now = Template.objects.get(name="minimal"), database_now()
    with overtaken("backlog_project", lambda: Project.objects.create(**named, template=minimal, opened_at=now)):
        response = bot.post("projects", {**REQUEST, "project_id": str(named["id"])})
    assert (response.status_code, response.json()["type"]) == (409, "urn:interlock:problem:conflict")
    assert not Event.objects.exists()


def test_of_two_new_versions_of_a_template_the_later_is_told_to_read_again() -> None:
    minimal = Template.objects.get(name="minimal")
    body = {"definition": {**minimal.definition, "title": "Second"}}
    rival = {"name": "minimal", "version": minimal.version + 1, "definition": minimal.definition}
    with overtaken("backlog_template", lambda: Template.objects.create(**rival)):
        response = machine("adder", ADMINISTRATOR).post("templates/minimal/versions", body)
    assert (response.status_code, response.json()["type"]) == (409, "urn:interlock:problem:conflict")


# -- ETags -----------------------------------------------------------------------------------------
def test_what_has_not_changed_is_not_sent_again(bot: Caller) -> None:
    project = opened(bot)
    read = bot.get(f"projects/{project['id']}")
    again = bot.get(f"projects/{project['id']}", headers={"If-None-Match": read["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_act_on_what_has_changed_meanwhile_is_refused(bot: Caller) -> None:
    project = opened(bot)
    path = f"projects/{project['id']}/cancel"
    stale = bot.post(path, {"reason": "No need."}, headers={"If-Match": '"of another time"'})
    assert (stale.status_code, Project.objects.get().status) == (412, "OPEN")
    known = bot.get(f"projects/{project['id']}")["ETag"]
    assert bot.post(path, {"reason": "No need."}, headers={"If-Match": known}).status_code == 200


def test_a_new_version_of_a_template_is_refused_when_somebody_made_one_meanwhile() -> None:
    bot = machine("adder", ADMINISTRATOR)
    newest = bot.get("templates/minimal/versions/1")
    definition = {**newest.json()["definition"], "title": "Other"}
    headers = {"If-Match": newest["ETag"]}
    assert bot.post("templates/minimal/versions", {"definition": definition}, headers=headers).status_code == 201
    assert bot.post("templates/minimal/versions", {"definition": definition}, headers=headers).status_code == 412


# -- limits ----------------------------------------------------------------------------------------
def test_beyond_the_limit_a_caller_is_told_when_to_come_again(bot: Caller, settings: Any) -> None:
    cache.clear()
    settings.API_REQUESTS_A_MINUTE = 2
    statuses = [bot.get("me") for _ in range(3)]
    assert [response.status_code for response in statuses][:2] == [200, 200]
    assert statuses[2].status_code == 429
    assert 1 <= int(statuses[2]["Retry-After"]) <= 60
    assert statuses[0]["RateLimit"].startswith('"account";r=1;t=')
    assert person("rita", REQUESTER).get("me").status_code == 200


def test_a_caller_cannot_pass_for_one_that_was_counted_before(bot: Caller, settings: Any) -> None:
    cache.clear()
    settings.API_REQUESTS_A_MINUTE = 1
    statuses = [bot.get("me", headers={"Interlock-Asked-Again": "guess"}).status_code for _ in range(2)]
    assert statuses == [200, 429]


# -- forms -----------------------------------------------------------------------------------------
def test_times_are_utc_whatever_zone_the_account_prefers() -> None:
    rita = person("rita", REQUESTER)
    assert rita.user is not None
    rita.user.time_zone = "Europe/Paris"
    rita.user.save()
    assert opened(rita)["opened_at"].endswith("Z")


def test_an_address_may_end_in_a_slash(bot: Caller) -> None:
    assert bot.get("projects/").status_code == bot.get("projects").status_code == 200


def test_a_list_is_read_page_by_page(bot: Caller) -> None:
    made = {opened(bot)["id"] for _ in range(5)}
    seen, link = [], "/api/v1/projects?limit=2"
    while link:
        page = bot.client.get(link, headers=bot.headers).json()
        seen += [project["id"] for project in page["results"]]
        link = page["next"]
    assert (set(seen), len(seen)) == (made, 5)
