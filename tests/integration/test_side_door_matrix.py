"""Every door that changes something × every kind of caller: what changes is what this caller may change, no more.

The doors are made from the addresses, from the admin's models and actions, and from the contracts of what comes in, so
that a new one is tried too. What changed is read off the database, so no door is trusted to say what it did.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Count
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, ROLES
from api.urls import VIEWS
from backlog.consumers import OrchestratorConsumer
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project, Template
from backlog.organisations import make_organisation
from clarifications.consumers import ClarificationsConsumer
from clarifications.models import Question
from events import deadletters
from events.models import DeadLetter, Producer, packed_fields
from events.producer_keys import make_producer
from events.streams import Entry
from reports.models import SharedLink
from schemas.registry import registry
from tests.callers import EVERY_SCOPE, Caller, account, key_of, machine, person
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
ADD_PRODUCER = "page of producers: add"

# Statements that only read, and those that write of a session: no fact is about one.
NO_FACT = re.compile(
    r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK)\b"
    r'|(INSERT INTO|UPDATE|DELETE FROM) "(django_session|accounts_browsersession)" '
)

Change = str
Door = Callable[[Caller, "Held"], object]


@dataclass(frozen=True)
class Held:
    """A project whose work is finished and waits for its approval, and what else there is to act on."""

    owner: str
    project: UUID
    item: UUID
    question: UUID
    letter: int
    endpoint: int
    link: UUID


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


# -- what changed ----------------------------------------------------------------------------------
def facts() -> dict[Change, Any]:
    """What is the case, under the name of the change that another value would be."""
    found: dict[Change, Any] = {}
    for item in Item.objects.select_related("project"):
        if item.state == "DONE":
            found[f"finished for {item.project.requester}"] = True
        found[f"item of {item.project.requester}"] = (item.state, item.held_for, item.failures, item.attempts)
    for question in Question.objects.select_related("project"):
        holder = (question.status, question.assigned_to_id, question.assigned_group)
        found[f"question of {question.project.requester}"] = holder
    for name, projects in owners().items():
        found[f"opened for {name}"] = projects
    endpoints = list(Endpoint.objects.order_by("pk").values())
    for user in User.objects.prefetch_related("groups", "user_permissions", "keys"):
        rights = (user.is_superuser, user.is_staff, user.is_active, user.is_service, user.username, user.password)
        groups = sorted(group.name for group in user.groups.all())
        found[f"account of {user.username}"] = (*rights, groups, len(user.user_permissions.all()))
        found[f"keys of {user.username}"] = sorted((key.pk, key.revoked_at) for key in user.keys.all())
        found[f"endpoint of {user.username}"] = [one for one in endpoints if one["owner_id"] == user.pk]
    for link in SharedLink.objects.select_related("project").order_by("pk"):
        found.setdefault(f"links of {link.project.requester}", []).append((link.pk, link.revoked_at, link.expires_at))
    letters = DeadLetter.objects.order_by("pk").values_list("pk", "state", "raw")
    found["letters"] = [(pk, state, bytes(raw)) for pk, state, raw in letters]
    found["roles"] = dict(Group.objects.annotate(rights=Count("permissions")).values_list("name", "rights"))
    found["templates"] = Template.objects.count()
    found["producers"] = list(Producer.objects.order_by("pk").values_list("kid", "revoked_at"))
    return found


def owners() -> dict[str, int]:
    """How many projects each has asked for."""
    found: dict[str, int] = {}
    for name in Project.objects.values_list("requester", flat=True):
        found[name] = found.get(name, 0) + 1
    return found


def changes(before: dict[Change, Any], after: dict[Change, Any]) -> set[Change]:
    """The names of what is different."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


class Writes:
    """Counts the statements that may change a fact: where there is none, the facts need not be compared."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.number += NO_FACT.match(sql) is None
        return execute(sql, params, many, context)


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
BODIES: dict[str, dict[str, Any]] = {
    "answer": {"answer": {"approved": True}},
    "reject": {"notes": "No."},
    "approve": {},
    "projects": {"request_text": "Where does our time go?", "template": "minimal"},
    "lease": {"agent": "foreign_worker", "seconds": 60},
    "webhooks": {"url": "https://example.com/"},
    "assign": {"group": ANSWERER},
}
FORMS: dict[str, dict[str, str]] = {
    "answer": {"answer_approved": "true"},
    "decline": {"decline": "1", "decline-reason": "No."},
    "claim": {"claim": "1"},
    "release": {"release": "1"},
    "reassign": {"reassign": "1", "to": f"group:{ANSWERER}"},
}
VERBS = ("dispatch", "retry", "cancel", "waive")


def rest_doors() -> Iterator[tuple[str, Door]]:
    """Each address of the REST interface that takes something."""
    for route, view in VIEWS.items():
        for method in ("post", "put", "patch", "delete"):
            if hasattr(view, method):
                yield f"{method.upper()} {route}", rest_door(method, route)


def rest_door(method: str, route: str) -> Door:
    """Call the address with a body that would do harm there."""
    body = BODIES.get(route.rpartition("/")[2], {"reason": "Fine."})

    def call(caller: Caller, held: Held) -> object:
        named = {
            "project_id": held.project, "item_id": held.item, "question_id": held.question, "lease": uuid4(),
            "letter_id": held.letter, "webhook_id": held.endpoint, "delivery_id": 1, "name": "minimal", "version": 1,
            "link_id": held.link,
        }  # fmt: skip
        path = re.sub(r"<\w+:(\w+)>", lambda match: str(named[match[1]]), route)
        return getattr(caller, method)(path, body)

    return call


def list_doors() -> Iterator[tuple[str, Door]]:
    """Each action of each list in the admin, on everything that is listed."""
    admin.autodiscover()
    for model, pages in admin.site._registry.items():
        for _function, name, _words in pages._get_base_actions():
            yield f"list of {model._meta.model_name}: {name}", list_door(model, name)


def page_doors() -> Iterator[tuple[str, Door]]:
    """The buttons of each page in the admin."""
    for name, form in FORMS.items():
        yield f"page of question: {name}", page_door("clarifications_question", "question", form)
    for name in ("replay", "discard"):
        yield f"page of letter: {name}", page_door("events_deadletter", "letter", {name: "1", "reason": "Fine."})
    for name in VERBS:
        yield f"page of project: {name}", project_door(name)
    yield "page of project: cancel all", page_door("backlog_project", "project", {"act": "cancel", "reason": "No."})


def list_door(model: Any, action: str) -> Door:
    """Tick everything in the list and choose the action."""

    def call(caller: Caller, held: Held) -> object:
        chosen = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)]
        data = {"action": action, "_selected_action": chosen, "reason": "Fine.", "post": "yes", "apply": "1"}
        return caller.client.post(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"), data)

    return call


def page_door(page: str, of: str, form: dict[str, str]) -> Door:
    """Press a button of the page."""
    return lambda caller, held: caller.client.post(reverse(f"admin:{page}_change", args=[getattr(held, of)]), form)


def project_door(verb: str) -> Door:
    """Press an item's button on its project's page."""

    def call(caller: Caller, held: Held) -> object:
        address = reverse("admin:backlog_project_change", args=[held.project])
        return caller.client.post(address, {"act": f"{verb}:{held.item}", "reason": "Fine."})

    return call


def account_doors() -> Iterator[tuple[str, Door]]:
    """The pages on which accounts, roles, keys and producers are changed, with what would make the caller mightier."""
    producer = {"name": "x", "types": ["PROJECT.INITIAL_REQUEST_RECEIVED"], "days": "0"}
    yield ADD_PRODUCER, lambda c, _: c.client.post(reverse("admin:events_producer_add"), producer)
    mighty = {"save": "1", "is_superuser": "on", "role": ADMINISTRATOR, "email": "a@b.example"}
    yield (
        "page of self: superuser",
        lambda c, _: c.client.post(of_user("change", c.user), {"username": c.user, **mighty}),
    )
    for button in ("temporary_password", "deactivate"):
        for name in ("root", "rita"):
            yield f"page of {name}: {button}", person_door(name, {button: "1"})
    yield "page of root: delete", lambda c, _: c.client.post(of_user("delete", user("root")), {"post": "yes"})
    yield "page of role", lambda c, _: c.client.post(role_page(), {"name": "x"})
    for name in ("root", "rita"):
        yield f"key for {name}", lambda c, _, name=name: c.client.post(*key_page(name))


def user(name: str) -> User:
    """The account of this name."""
    return User.objects.get(username=name)


def role_page() -> str:
    """Where the requesters' role is changed."""
    return reverse("admin:auth_group_change", args=[Group.objects.get(name=REQUESTER).pk])


def of_user(page: str, about: User | None) -> str:
    """The address of a page about an account."""
    assert about is not None
    return reverse(f"admin:accounts_user_{page}", args=[about.pk])


def person_door(name: str, form: dict[str, str]) -> Door:
    """Press a button on the page of the person of this name."""
    return lambda caller, held: caller.client.post(of_user("change", user(name)), form)


def key_page(name: str) -> tuple[str, dict[str, Any]]:
    """Where a key is made, and a key for this account that may do everything."""
    scopes = ["read", "projects", "items", "questions", "templates"]
    return reverse("admin:accounts_apikey_add"), {"user": user(name).pk, "name": "k", "scopes": scopes, "days": "30"}


def sharing_doors() -> Iterator[tuple[str, Door]]:
    """The pages on which a report is shared, and a link is revoked."""
    yield "page of links", lambda c, held: c.client.post(reverse("portal:share", args=[held.project]), {"days": "9"})
    yield (
        "page of links: revoke",
        lambda c, held: c.client.post(reverse("portal:revoke-link", args=[held.project, held.link])),
    )


DOORS = dict([*rest_doors(), *list_doors(), *page_doors(), *account_doors(), *sharing_doors()])
# What is called here names no project: once is enough, whosever the projects are.
UNAIMED = {*dict(list_doors()), *dict(account_doors()), *(door for door, _ in rest_doors() if "<" not in door)}


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
