"""Every address × method × caller, own and another's: made from the addresses, so that none can be forgotten."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import User
from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER
from api.endpoint import ApiView
from api.urls import VIEWS
from backlog.blueprints import add_version
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Project
from backlog.organisations import make_organisation
from clarifications.models import Blocking, Question
from events.models import DeadLetter, Event
from reports.models import SharedLink
from tests.callers import EVERY_SCOPE, Caller, account, anybody, key_of, machine, person
from tests.undoing import undone
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db

EVERYBODY = {REQUESTER, ANSWERER, OPERATOR, ADMINISTRATOR}
ANSWERS = EVERYBODY - {REQUESTER}
STEERS = ANSWERS - {ANSWERER}
NOBODY: set[str] = set()
PEOPLE_ONLY = "people only"

# Who may call, by their role, and the scope that a key needs. Written by hand: the views' own rules are what is tested.
MAY: dict[tuple[str, str], tuple[set[str], str]] = {
    ("GET", "me"): (EVERYBODY, ""),
    ("GET", "stats"): (EVERYBODY, "read"),
    ("GET", "schemas"): (EVERYBODY, "read"),
    ("GET", "schemas/<str:event_type>/<int:version>"): (EVERYBODY, "read"),
    ("GET", "projects"): (EVERYBODY, "read"),
    ("POST", "projects"): (EVERYBODY, "projects"),
    ("GET", "projects/<uuid:project_id>"): (EVERYBODY, "read"),
    ("GET", "projects/<uuid:project_id>/context"): (EVERYBODY, "read"),
    ("GET", "projects/<uuid:project_id>/events/stream"): (EVERYBODY, "read"),
    ("GET", "projects/<uuid:project_id>/report"): (EVERYBODY, "read"),
    ("GET", "projects/<uuid:project_id>/links"): (EVERYBODY, "read"),
    ("POST", "projects/<uuid:project_id>/links"): ({REQUESTER} | STEERS, "projects"),
    ("POST", "projects/<uuid:project_id>/links/<uuid:link_id>/revoke"): ({REQUESTER} | STEERS, "projects"),
    ("POST", "projects/<uuid:project_id>/cancel"): ({REQUESTER} | STEERS, "projects"),
    ("GET", "items"): (EVERYBODY, "read"),
    ("GET", "items/<uuid:item_id>"): (EVERYBODY, "read"),
    ("POST", "items/<uuid:item_id>/dispatch"): (STEERS, "items"),
    ("POST", "items/<uuid:item_id>/retry"): (STEERS, "items"),
    ("POST", "items/<uuid:item_id>/cancel"): (STEERS, "items"),
    ("POST", "items/<uuid:item_id>/waive"): (STEERS, "items"),
    ("GET", "questions"): (EVERYBODY, "read"),
    ("POST", "questions"): (EVERYBODY, "projects"),
    ("GET", "questions/<uuid:question_id>"): (EVERYBODY, "read"),
    ("POST", "questions/<uuid:question_id>/answer"): (EVERYBODY, "questions"),
    ("POST", "questions/<uuid:question_id>/decline"): (ANSWERS, "questions"),
    ("POST", "questions/<uuid:question_id>/claim"): (ANSWERS, "questions"),
    ("POST", "questions/<uuid:question_id>/release"): (ANSWERS, "questions"),
    ("POST", "questions/<uuid:question_id>/assign"): (ANSWERS, "questions"),
    ("GET", "approvals"): (EVERYBODY, "read"),
    ("POST", "approvals"): (EVERYBODY, "projects"),
    ("POST", "approvals/<uuid:question_id>/approve"): (ANSWERS, PEOPLE_ONLY),
    ("POST", "approvals/<uuid:question_id>/reject"): (ANSWERS, PEOPLE_ONLY),
    ("GET", "deliverables"): (EVERYBODY, "read"),
    ("GET", "deliverables/<uuid:deliverable_id>"): (EVERYBODY, "read"),
    ("GET", "deliverables/<uuid:deliverable_id>/file"): (EVERYBODY, "read"),
    ("GET", "deliverables/<uuid:deliverable_id>/csv"): (EVERYBODY, "read"),
    ("GET", "events"): (EVERYBODY, "read"),
    ("GET", "events/<uuid:event_id>"): (EVERYBODY, "read"),
    ("GET", "dead-letters"): (STEERS, "read"),
    ("GET", "dead-letters/<int:letter_id>"): (STEERS, "read"),
    ("POST", "dead-letters/<int:letter_id>/replay"): (STEERS, "dead-letters"),
    ("POST", "dead-letters/<int:letter_id>/discard"): (STEERS, "dead-letters"),
    ("GET", "templates"): (EVERYBODY, "read"),
    ("POST", "templates/validate"): ({ADMINISTRATOR}, "templates"),
    ("GET", "templates/<slug:name>/versions"): (EVERYBODY, "read"),
    ("POST", "templates/<slug:name>/versions"): ({ADMINISTRATOR}, "templates"),
    ("GET", "templates/<slug:name>/versions/<int:version>"): (EVERYBODY, "read"),
    ("GET", "webhooks"): (EVERYBODY, "read"),
    ("POST", "webhooks"): (EVERYBODY, "webhooks"),
    ("GET", "webhooks/<int:webhook_id>"): (EVERYBODY, "read"),
    ("PATCH", "webhooks/<int:webhook_id>"): (EVERYBODY, "webhooks"),
    ("POST", "webhooks/<int:webhook_id>/rotate"): (EVERYBODY, "webhooks"),
    ("POST", "webhooks/<int:webhook_id>/disable"): (EVERYBODY, "webhooks"),
    ("POST", "webhooks/<int:webhook_id>/enable"): (EVERYBODY, "webhooks"),
    ("GET", "webhooks/<int:webhook_id>/deliveries"): (EVERYBODY, "read"),
    ("POST", "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend"): (EVERYBODY, "webhooks"),
    ("POST", "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/skip"): (EVERYBODY, "webhooks"),
    ("POST", "work/lease"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/heartbeat"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/progress"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/deliverables"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/complete"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/fail"): (NOBODY, "work:foreign_worker"),
    ("POST", "work/<uuid:lease>/ask"): (NOBODY, "work:foreign_worker"),
    ("GET", "work/<uuid:lease>/artifacts/<str:digest>"): (NOBODY, "work:foreign_worker"),
}
Ids = dict[str, dict[str, str]]

REFUSED = (401, 403)
# Where a requester's call about somebody else's project is answered as if there were none.
OBJECTS = ("project_id", "item_id", "question_id", "deliverable_id", "event_id", "webhook_id")


def methods() -> Iterator[tuple[str, str]]:
    """Each address with each method that its view has."""
    for route, view in VIEWS.items():
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                yield method.upper(), route


@pytest.fixture
def ids() -> Ids:
    """What the addresses name: of rita's project, and of another's."""
    add_version({"name": "matrix", "title": "Matrix", "items": [needy("one")]}, by="test")
    return {requester: made_for(requester) for requester in ("rita", "remy")}


def needy(key: str) -> dict[str, Any]:
    """An item that waits for a figure."""
    rate = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "title": "Rate"}}}
    return {"key": key, "title": "One", "agent_target": "foreign_worker", "needs": rate}


def made_for(requester: str) -> dict[str, str]:
    """A project that waits for an answer and an approval, with a deliverable; and a dead letter."""
    said = {"project_id": str(uuid4()), "request_text": "Do it.", "template": "matrix", "requester": requester}
    with project_work() as work:
        submit_request(work, request=said)
    project = Project.objects.get(pk=said["project_id"])
    item, now = project.items.get(), timezone.now()
    deliverable = Deliverable.objects.create(
        id=uuid4(), project=project, item=item, type="t", content={"rows": [{"a": 1}]}, confidence=1, timestamp=now
    )
    letter = DeadLetter.objects.create(
        stream="s", entry_id=requester, group="g", reason="r", error_class="InvalidEvent", raw=b"[]",
        first_seen=now, last_seen=now,
    )  # fmt: skip
    approval = Question.objects.create(
        project=project, field="approval:one", kind="approval", title="Approve?", schema={}, pointer="/x",
        asked_by="gate", asked_at=now, due_at=now, next_step_at=now,
    )  # fmt: skip
    Blocking.objects.create(question=approval, item=item)
    keeper, _made = User.objects.get_or_create(username="keeper")
    webhook = Endpoint.objects.create(owner=keeper, url="https://example.com/", secret="s", position=0, created_at=now)
    link = SharedLink.objects.create(project=project, digest=requester, made_by=requester, expires_at=now)
    event = Event.objects.filter(project_id=project.pk).first()
    assert event is not None
    return {
        "project_id": str(project.pk), "item_id": str(item.pk), "approval_id": str(approval.pk),
        "question_id": str(project.questions.get(kind="input").pk), "deliverable_id": str(deliverable.pk),
        "event_id": str(event.event_id), "letter_id": str(letter.pk), "name": "matrix", "version": "1",
        "webhook_id": str(webhook.pk), "delivery_id": "1", "event_type": "PROJECT.OPENED",
        "lease": str(uuid4()), "digest": "0" * 64, "link_id": str(link.pk),
    }  # fmt: skip


def address(route: str, ids: dict[str, str]) -> str:
    """The address of this object."""
    named = {**ids, "question_id": ids["approval_id"]} if route.startswith("approvals") else ids
    named = {**named, "version": "1"}
    return re.sub(r"<\w+:(\w+)>", lambda match: named[match[1]], route)


def answered(caller: Caller, method: str, path: str) -> Any:
    """The answer to a call with an empty body."""
    if method == "GET":
        return caller.get(path)
    if method == "PATCH":
        return caller.patch(path, {})
    return caller.post(path, {"agent": "foreign_worker"})


def test_every_address_of_the_interface_is_in_the_matrix() -> None:
    assert set(methods()) == set(MAY)


def test_every_view_of_the_interface_has_a_rule_for_each_of_its_methods() -> None:
    for pattern in api_patterns(get_resolver().url_patterns):
        view = pattern.callback.view_class if hasattr(pattern.callback, "view_class") else pattern.callback.cls
        assert issubclass(view, ApiView), pattern
        have = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        assert set(view.rules) == have, view


def api_patterns(patterns: Any, prefix: str = "") -> Iterator[Any]:
    """The patterns below /api/v1/, as Django has them."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from api_patterns(pattern.url_patterns, route)
        elif route.startswith("api/v1/"):
            yield pattern


# -- the cells of the matrix -----------------------------------------------------------------------
@dataclass(frozen=True)
class Cell:
    """One call, who makes it, and what holds for the right answer."""

    call_of: tuple[str, str]
    path: str
    who: str
    caller: Caller
    is_right: Callable[[Any], bool]


def require_right_answers(cells: Iterable[Cell]) -> None:
    """Make each call and undo it; fail with a line for each whose answer is not the right one."""
    wrong = [f"{' '.join(cell.call_of)}, {cell.who}: {got}" for cell in cells if (got := wrong_answer(cell))]
    assert not wrong, "\n".join(wrong)


def wrong_answer(cell: Cell) -> str:
    """The status of a wrong answer, or what was raised in place of an answer; empty for a right one."""
    try:
        with undone():
            answer = answered(cell.caller, cell.call_of[0], cell.path)
    except Exception as error:  # the other calls are still to be made
        return repr(error)
    return "" if cell.is_right(answer) else str(answer.status_code)


def has_status(*statuses: int) -> Callable[[Any], bool]:
    return lambda answer: answer.status_code in statuses


def is_let_in(answer: Any) -> bool:
    """Whether the caller may call, however it went on."""
    return answer.status_code not in REFUSED


def is_refused(answer: Any) -> bool:
    return not is_let_in(answer)


def names_an_object(route: str) -> bool:
    """Whether the address names something that belongs to somebody."""
    return any(name in route for name in OBJECTS)


def test_who_may_call(ids: Ids) -> None:
    people = {role: person("rita" if role == REQUESTER else role, role) for role in sorted(EVERYBODY)}
    other = make_organisation("Another")
    strangers = {role: person(f"stranger-{role}", role, organisation=other) for role in sorted(EVERYBODY)}
    require_right_answers(calls_of_people(ids, anybody(), people))
    require_right_answers(calls_of_strangers(ids, strangers))


def calls_of_people(ids: Ids, stranger: Caller, people: dict[str, Caller]) -> Iterator[Cell]:
    """Everybody at rita's objects, and rita at another's."""
    for key, (roles, _scope) in MAY.items():
        own, others = address(key[1], ids["rita"]), address(key[1], ids["remy"])
        yield Cell(key, own, "nobody", stranger, has_status(401))
        for role, caller in people.items():
            yield Cell(key, own, role, caller, is_let_in if role in roles else is_refused)
        if REQUESTER in roles and names_an_object(key[1]):
            yield Cell(key, others, "rita at another's", people[REQUESTER], has_status(404))


def calls_of_strangers(ids: Ids, strangers: dict[str, Caller]) -> Iterator[Cell]:
    """People of another organisation at rita's objects, whatever they may do with those of their own."""
    for key, (roles, _scope) in MAY.items():
        if names_an_object(key[1]) or "letter_id" in key[1] or "<slug:name>" in key[1]:
            own = address(key[1], ids["rita"])
            for role in roles & strangers.keys():
                is_made_there = key == ("POST", "templates/<slug:name>/versions")
                expected = is_let_in if is_made_there else has_status(404)
                yield Cell(key, own, f"{role} of another organisation", strangers[role], expected)


def test_what_a_key_opens(ids: Ids) -> None:
    bot = Caller(account("bot", ADMINISTRATOR, is_service=True))
    scopes = sorted({scope for _roles, scope in MAY.values()} - {"", PEOPLE_ONLY})
    enough = {scope: key_of(bot, scope, "read") for scope in scopes}
    other = {scope: key_of(bot, scope) for scope in ("items", "templates")}
    require_right_answers(calls_of_keys(ids, key_of(bot, *EVERY_SCOPE), enough, other))


def calls_of_keys(ids: Ids, every: Caller, enough: dict[str, Caller], other: dict[str, Caller]) -> Iterator[Cell]:
    """The key with every scope, the one with the scope that is needed, and one with another scope."""
    for key, (_roles, scope) in MAY.items():
        path = address(key[1], ids["remy"])
        yield Cell(key, path, "every scope", every, is_refused if scope == PEOPLE_ONLY else is_let_in)
        if scope in enough:
            lacking = "items" if scope != "items" else "templates"
            yield Cell(key, path, f"scope {scope}", enough[scope], is_let_in)
            yield Cell(key, path, f"scope {lacking}", other[lacking], has_status(403))


def test_a_refusal_names_the_scope_that_a_key_lacks_and_how_to_make_one_that_has_it(ids: Ids) -> None:
    bot = Caller(account("bot", ADMINISTRATOR, is_service=True))
    require_right_answers(calls_that_lack_a_scope(ids, {scope: key_of(bot, scope) for scope in EVERY_SCOPE}))


def calls_that_lack_a_scope(ids: Ids, keys: dict[str, Caller]) -> Iterator[Cell]:
    """At each address that needs a scope, every key with one of the others."""
    for key, (_roles, scope) in MAY.items():
        if scope in ("", PEOPLE_ONLY):
            continue
        is_work = scope.startswith("work")
        for other in sorted({*keys} - {"work:*" if is_work else scope}):
            refused = refused_for_want_of("work:AGENT" if is_work else scope)
            yield Cell(key, address(key[1], ids["remy"]), f"scope {other}", keys[other], refused)


def refused_for_want_of(scope: str) -> Callable[[Any], bool]:
    """Whether the bot is told which scope its key lacks, and how to make a key that has it."""
    lacks = f"This key lacks the scope “{scope}”."
    how = f"manage.py apikey make bot --name NAME --scope {scope}"

    def is_right(answer: Any) -> bool:
        if answer.status_code != 403:
            return False
        problem = answer.json()
        is_scope = problem["type"] == "urn:interlock:problem:scope-missing"
        return is_scope and lacks in problem["detail"] and how in problem["detail"]

    return is_right


def test_a_machine_without_a_role_reaches_nothing_of_others(ids: Ids) -> None:
    roleless = machine("roleless")
    routes = [(key, address(key[1], ids["remy"])) for key in MAY if names_an_object(key[1])]
    require_right_answers(Cell(key, path, "no role", roleless, has_status(403, 404)) for key, path in routes)
