"""Every door that changes something × every kind of caller: what changes is what this caller may change, no more.

The doors are made from the addresses, from the admin's models and actions, and from the contracts of what comes in, so
that a new one is tried too. What changed is read off the database, so no door is trusted to say what it did.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, ROLES
from backlog.consumers import OrchestratorConsumer
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.organisations import make_organisation
from clarifications.consumers import ClarificationsConsumer
from events import deadletters
from events.models import DeadLetter, packed_fields
from events.producer_keys import make_producer
from events.streams import Entry
from reports.models import SharedLink
from schemas.registry import registry
from tests.callers import EVERY_SCOPE, Caller, account, key_of, machine, person
from tests.doors import DOORS, UNAIMED, Held
from tests.facts import Change, Writes, changes, facts
from tests.flows import envelope, step, template
from tests.undoing import undone
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db

# The roles that people of another organisation have: `make rehearse` tries each.
STRANGERS = [*ROLES] if os.environ.get("EVERY_ROLE") else [ADMINISTRATOR]
ANSWERING = {ANSWERER, OPERATOR, ADMINISTRATOR}
STEERING = {OPERATOR, ADMINISTRATOR}
# The doors through which a person approves. Nothing else finishes work that is held for an approval.
APPROVING = {"POST approvals/<uuid:question_id>/approve", "page of question: answer"}
# Doors that a person uses for themselves, whatever their role.
OWN_ENDPOINT, OWN_REQUEST = "endpoint of", "opened for"
# The door through which people are erased.
ERASING = "list of user: erase_people"


@pytest.fixture(autouse=True)
def static_root(settings: Settings) -> None:
    """The folder of static files, whose absence the web server warns of."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


# -- what there is to act on -----------------------------------------------------------------------
def held_for(owner: User, name: str) -> Held:
    """The owner's project with its approval open; a dead letter of a request in their name; their webhook."""
    said = {"project_id": str(uuid4()), "request_text": "Do it.", "template": name, "requester": owner.username}
    with project_work() as work:
        submit_request(work, request=said)
    worker = machine(f"worker-of-{owner}", "", "work:foreign_worker")
    [lease] = worker.post("work/lease", {"agent": "foreign_worker", "seconds": 60}).json()["items"]
    assert worker.post(f"work/{lease['lease']}/complete", {"evidence": {}}).status_code == 200
    project = Project.objects.get(pk=said["project_id"])
    event = envelope("PROJECT.INITIAL_REQUEST_RECEIVED", {**said, "project_id": str(uuid4()), "template": "nowhere"})
    letter = DeadLetter.objects.create(
        stream="audit:events", entry_id=f"1-{owner.pk}", group="orchestrator", reason="No such template.",
        error_class="UnknownTemplate", raw=packed_fields({b"event": orjson.dumps(event)}),
        event_type=event["event_type"], event_id=event["event_id"],
        first_seen=project.opened_at, last_seen=project.opened_at,
    )  # fmt: skip
    endpoint = Endpoint.objects.create(
        owner=owner, url="https://example.com/", secret="s", position=0, created_at=project.opened_at
    )
    item, question = project.items.get(), project.questions.get()
    assert (item.state, question.status) == ("IN_PROGRESS", "OPEN")
    link = SharedLink.objects.create(
        project=project, digest=owner.username, made_by=owner.username, expires_at=project.opened_at + timedelta(days=9)
    )
    return Held(owner.username, project.pk, item.pk, question.pk, letter.pk, endpoint.pk, link.pk)


@pytest.fixture
def held() -> list[Held]:
    """What rita the requester asked for, and what olga the operator asked for."""
    name = template(step("only", approval="after"))
    return [held_for(account("rita", REQUESTER), name), held_for(account("olga", OPERATOR), name)]


@pytest.fixture
def callers(held: list[Held]) -> dict[Caller, str]:
    """Every kind of caller, with the role; people by their session and by a key of theirs, a machine, and strangers."""
    known = [Caller(User.objects.get(username="rita")), Caller(User.objects.get(username="olga"))]
    for caller in known:
        caller.client.force_login(caller.user)  # type: ignore[arg-type]
    people = {known[0]: REQUESTER, known[1]: OPERATOR, person("remy", REQUESTER): REQUESTER}
    people |= {person("amy", ANSWERER): ANSWERER, person("otto", OPERATOR): OPERATOR}
    people |= {person("adam", ADMINISTRATOR): ADMINISTRATOR}
    other = make_organisation("Another")
    people |= {person(f"stranger-{role}", role, organisation=other): role for role in STRANGERS}
    return people | {key_of(known[1], *EVERY_SCOPE): OPERATOR, machine("bot", ADMINISTRATOR): ADMINISTRATOR}


# -- who may change what ---------------------------------------------------------------------------


def may(caller: Caller, role: str, door: str, change: Change) -> bool:
    """Whether this caller may bring the change about through this door. Written by hand: it is what is tested."""
    assert caller.user is not None
    kind, _, name = change.rpartition(" ")
    is_own, has_session = name == caller.user.username, not caller.headers
    if door == ERASING:
        # Everything that names somebody changes its name; not for root, who has more rights, nor for oneself.
        return role == ADMINISTRATOR and has_session and not is_own and name != "root" and kind != "finished for"
    if kind == "finished for":
        return door in APPROVING and role in ANSWERING and has_session and not is_own
    if kind in ("item of", "question of"):
        # A requester opens projects, and may give up their own; that ends its items and its questions.
        return role in ANSWERING or (is_own and ("cancel" in door or door == "POST projects"))
    if kind == "links of":
        return role in STEERING or is_own
    if kind == "keys of" and not door.startswith("page of rita: "):
        is_machine = User.objects.get(username=name).is_service
        return is_own or (role == ADMINISTRATOR and (is_machine or "revoke" in door))
    if door.startswith("page of rita: "):
        return change in ("account of rita", "keys of rita") and role == ADMINISTRATOR and has_session
    if kind in (OWN_ENDPOINT, OWN_REQUEST):
        return is_own or (kind == OWN_ENDPOINT and role == ADMINISTRATOR) or (kind == OWN_REQUEST and "replay" in door)
    if change == "letters":
        return role in STEERING
    return role == ADMINISTRATOR and change == "templates"


def is_of_first(caller: Caller) -> bool:
    """Whether the caller is of the organisation to which all that there is belongs."""
    return caller.user is not None and caller.user.organisation_id == FIRST_ORGANISATION


def stranger_may(caller: Caller, role: str, door: str, change: Change) -> bool:
    """The same for a caller of another organisation: they make new things of their own, and erase their own people."""
    name = change.rpartition(" ")[2]
    if door == ERASING and role == ADMINISTRATOR and not caller.headers:
        return name.startswith(("stranger-", "erased-"))  # who was erased is gone under the old name: that would show
    is_own = name == str(caller.user)
    return is_own or (change == "templates" and role == ADMINISTRATOR)


# -- the doors -------------------------------------------------------------------------------------


@contextmanager
def same_session(caller: Caller) -> Iterator[None]:
    """Give the caller's browser its cookies back: a call may have begun another session, which is undone."""
    cookies = {name: morsel.value for name, morsel in caller.client.cookies.items()}
    yield
    caller.client.cookies = SimpleCookie(cookies)


def test_no_caller_changes_through_any_door_what_is_not_theirs_to_change(
    held: list[Held], callers: dict[Caller, str]
) -> None:
    account("root", is_superuser=True)
    make_producer(name="tickets", types=["PROJECT.INITIAL_REQUEST_RECEIVED"], agents=[], by="root")
    for caller in callers:  # that they come at all is noted once, and not at each door anew
        assert caller.get("questions").status_code in (200, 403)
    before, done, wrong = facts(), set(), []
    for door, call in DOORS.items():
        for caller, role in callers.items():
            for one in held[:1] if door in UNAIMED else held:
                with same_session(caller), undone(), connection.execute_wrapper(writes := Writes()):
                    call(caller, one)
                    for change in changes(before, facts()) if writes.number else ():
                        done.add((door, role, change))
                        if not (may if is_of_first(caller) else stranger_may)(caller, role, door, change):
                            wrong.append(f"{door}: {caller.user} ({role}, headers {bool(caller.headers)}): {change}")
    assert not wrong, "\n".join(wrong)
    finished = {(door, role) for door, role, change in done if change.startswith("finished for")}
    assert finished == {(door, role) for door in APPROVING for role in ANSWERING}
    # A producer may speak for every organisation: where there is another, only a superuser gives one a key.
    assert {door for door, _role, change in done if change == "producers"} == set()
    print(  # noqa: T201
        f"{len(DOORS)} doors ({len(DOORS) - len(UNAIMED)} of them × {len(held)} projects) × {len(callers)} callers, "
        f"{len(done)} kinds of change"
    )


# -- the event door --------------------------------------------------------------------------------
SPEAKERS = ("", "olga", "OLGA", "nobody", "bot", "remy", "amy", "left")


def said_in(name: str, held: Held, kind: str) -> dict[str, Any] | None:
    """An event of this type that would finish or answer held work in the name of somebody; none where it has none."""
    about: dict[str, Any] = {"project_id": str(held.project), "backlog_item_id": str(held.item)}
    approval = {**about, "approved": True, "submitted_by": name}
    answer = {"project_id": about["project_id"], "question_id": str(held.question), "answer": {"approved": True}}
    known: dict[str, dict[str, Any]] = {
        "HUMAN.APPROVAL_SUBMITTED": approval,
        "USER.ANSWER_SUBMITTED": {**answer, "answered_by": name} if name else answer,
        "WORK.ITEM_COMPLETED": {**about, "evidence": {"approved": True}},
        "WORK.ITEM_FAILED": {**about, "reason": "No."},
        "WORK.ITEM_STARTED": about,
        "WORK.ITEM_PROGRESSED": {**about, "done": 1, "total": 1},
        "CLARIFICATION.NEEDED": {**about, "reason": "Which?"},
        "HUMAN.APPROVAL_REQUESTED": {**about, "reason": "Again?"},
        "PROJECT.INITIAL_REQUEST_RECEIVED": {"project_id": about["project_id"], "request_text": "x", "requester": name},
    }
    return known.get(kind)


def incoming() -> list[str]:
    """The types that others may say."""
    return [kind for kind in registry().event_types() if registry().direction(kind, 1) != "out"]


def test_no_event_finishes_what_waits_for_a_persons_approval(held: list[Held], callers: dict[Caller, str]) -> None:
    account("left", ANSWERER, is_active=False)
    before, heard = facts(), 0
    for kind in incoming():
        for name in SPEAKERS:
            for one in held:
                payload = said_in(name, one, kind)
                if payload is None:
                    assert kind == "DELIVERABLE.PUBLISHED", f"{kind} is not tried"
                    continue
                wire = orjson.dumps(envelope(kind, payload))
                entry = Entry("audit:events", f"{uuid4().int % 10**12}-0", {b"event": wire})
                with undone(), connection.execute_wrapper(writes := Writes()):
                    said = take(entry)
                    after = facts() if writes.number else before
                    changed = {c for c in changes(before, after) if not c.startswith("letters")}
                    assert not {c for c in changed if c.startswith(("finished", "question"))}, (kind, name, changed)
                    heard += said
    assert heard > len(SPEAKERS) * len(held), "nothing of what was said reached a handler"


def take(entry: Entry) -> int:
    """Have the consumers handle the entry inside the test's transaction; how many of them it concerned."""
    heard = 0
    for consumer in (OrchestratorConsumer(), ClarificationsConsumer()):
        event = consumer.read(entry)
        if event is not None:
            consumer.apply_or_isolate([(entry, event)])
            heard += 1
    return heard


def test_no_replay_says_in_anothers_name_what_the_entry_did_not_say(held: list[Held]) -> None:
    letter = DeadLetter.objects.get(pk=held[0].letter)
    for kind in incoming():
        for name in SPEAKERS:
            payload = said_in(name, held[1], kind)
            if payload is None:
                continue
            before = facts()
            with transaction.atomic(), pytest.raises(Exception, match=r".+") as refused:
                deadletters.replay(letter, by="otto", event=orjson.dumps(envelope(kind, payload)))
            assert refused.type.__name__ in ("OtherSender", "InvalidEvent"), (kind, name, refused.value)
            assert changes(before, facts()) == set()
