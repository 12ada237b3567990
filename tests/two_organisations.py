"""Two organisations with a row of every kind each, and every address at which one could meet the other's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.apps import apps
from django.contrib import admin
from django.contrib.messages.storage.session import SessionStorage
from django.db.models import Model
from django.urls import get_resolver
from django.utils import timezone

from accounts import keys, walls
from accounts.models import User
from accounts.organisations import Organisation
from accounts.role_editing import make_role
from accounts.roles import ADMINISTRATOR, OPERATOR, REQUESTER, ROLES
from backlog.blueprints import add_version
from backlog.errors import UnknownTemplate
from backlog.flow import leases
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from clarifications.models import Blocking, Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from events.deadletters import bury
from events.models import DeadLetter, Event, SetAside
from events.streams import Entry
from intake.models import QuarantinedFile
from reports.models import SharedLink
from tests.callers import EVERY_SCOPE, Caller, account
from tests.flows import envelope
from webhooks.models import Delivery, Endpoint

AGENT = "foreign_worker"
# In an answer, what the caller has sent is left out from this length on.
SHORTEST_TRACE = 5
# The table whose ids stand in this place of a route.
TABLES: dict[str, type[Model]] = {
    "question_id": Question, "item_id": Item, "deliverable_id": Deliverable, "deliverable": Deliverable,
    "link": SharedLink, "link_id": SharedLink, "letter_id": DeadLetter, "webhook_id": Endpoint,
    "delivery_id": Delivery, "id": User, "key": User,
}  # fmt: skip
# Addresses without a signed-in account: whoever has the secret in them may come.
BY_SECRET = ("answer/", "shared/", "new-password/", "artifacts/")
# The addresses that answer to keys.
FOR_PROGRAMS = re.compile("/(api|scim)/")
OWN_PAGES = ("preferences/", "sign-in/", "sign-out/")


@dataclass(frozen=True)
class Side:
    """An organisation, the word that is in all its names and texts, and the project with everything in it."""

    organisation: Organisation
    word: str
    project: UUID

    def traces(self) -> set[str]:
        """What nobody else may meet: the word, and every id of its rows, in small letters."""
        found = {self.word.lower()}
        for model in apps.get_models():
            if model in walls.CONDITIONS and walls.CONDITIONS[model] is not walls.of_all:
                found |= {str(value) for row in self.rows(model) for value in row if isinstance(value, UUID)}
        return found

    def rows(self, model: type[Model]) -> Any:
        """The values of its rows of this table."""
        fields = [field for field in model._meta.concrete_fields if field.primary_key or not field.is_relation]
        return self.own(model).values_list(*[field.attname for field in fields])

    def numbers(self, model: type[Model]) -> list[str]:
        """The primary keys of its rows of this table."""
        return [str(pk) for pk in self.own(model).values_list("pk", flat=True)]

    def own(self, model: type[Model]) -> Any:
        """Its rows of this table."""
        return model._base_manager.filter(walls.CONDITIONS[model](self.organisation.pk))


def side(organisation: Organisation, word: str) -> Side:
    """People of each role, and a row of each kind, in this organisation."""
    name, now = word.lower(), timezone.now()
    for role in ROLES:
        account(f"{name}-{role}", role, organisation=organisation, email=f"{role}@{name}.example")
    checkers = make_role(
        f"{word} checkers", ["backlog.view_project"], by=User.objects.get(username=f"{name}-{ADMINISTRATOR}")
    )
    checkers.group.user_set.add(User.objects.get(username=f"{name}-{REQUESTER}"))
    machine = account(f"{name}-bot", ADMINISTRATOR, organisation=organisation, is_service=True)
    keys.make_key(machine, name=f"{name} key", scopes=EVERY_SCOPE, lifetime=None)
    plan = {"name": f"{name}-plan", "title": f"{word} plan", "items": items(word)}
    add_version(plan, by=name, organisation=organisation.pk)
    first, second = opened(name), opened(name)
    answered(first, name)
    leases.lease_items(AGENT, holder=machine, most=1, seconds=3600)
    for project in (first, second):
        deliverable(project, word)
    approval(second, word)
    lost(word)
    webhook(machine, second, word)
    times = dict.fromkeys(("first_seen", "last_seen", "next_try_at"), now)
    SetAside.objects.create(round=name, project_id=second.pk, reason=word, **times)
    QuarantinedFile.objects.create(
        name=name, sender=name, door="/", size=1, sha256=name, reason=word, organisation=organisation
    )
    SharedLink.objects.create(project=second, digest=name, note=word, made_by=name, expires_at=now)
    return Side(organisation, word, second.pk)


def deliverable(project: Project, word: str) -> None:
    """A deliverable of the project's first item."""
    Deliverable.objects.create(
        id=uuid4(), project=project, item=project.items.get(key="first"), type=word.lower(),
        content={"rows": [{word: 1}]}, confidence=1, timestamp=timezone.now(),
    )  # fmt: skip


def approval(project: Project, word: str) -> None:
    """An approval that waits for the organisation's operator."""
    operator, now = User.objects.get(username=f"{word.lower()}-{OPERATOR}"), timezone.now()
    asked = Question.objects.create(
        project=project, field="approval:first", kind="approval", title=f"{word}?", schema={}, pointer="/x",
        asked_by="gate", asked_at=now, due_at=now + timedelta(days=1), next_step_at=now, assigned_to=operator,
    )  # fmt: skip
    Blocking.objects.create(question=asked, item=project.items.get(key="first"))


def lost(word: str) -> None:
    """A request of the organisation's requester that nobody could open."""
    requester = f"{word.lower()}-{REQUESTER}"
    said = {"project_id": str(uuid4()), "request_text": word, "template": word, "requester": requester}
    wire = orjson.dumps(envelope("PROJECT.INITIAL_REQUEST_RECEIVED", said))
    bury(Entry("audit:events", f"{word}-1", {b"event": wire}), "orchestrator", UnknownTemplate(f"No {word}."))


def webhook(owner: User, project: Project, word: str) -> None:
    """A receiver that is told of the project's first event."""
    now, event = timezone.now(), Event.objects.filter(project_id=project.pk).earliest("seq")
    url = f"https://{word.lower()}.example/"
    told = Endpoint.objects.create(owner=owner, url=url, secret="s", position=0, created_at=now)
    Delivery.objects.create(endpoint=told, event=event, created_at=now)


def items(word: str) -> list[dict[str, Any]]:
    """Work that can be leased, and work that waits for a word."""
    city = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string", "title": "City"}}}
    common = {"agent_target": AGENT, "title": f"{word} work"}
    return [{"key": "first", **common}, {"key": "needy", **common, "needs": city}]


def opened(name: str) -> Project:
    """A project of this organisation's requester."""
    said = {"project_id": str(uuid4()), "request_text": name, "requester": f"{name}-{REQUESTER}"}
    with project_work() as work:
        submit_request(work, request={**said, "template": f"{name}-plan"})  # type: ignore[typeddict-item]
    return Project.objects.get(pk=said["project_id"])


def answered(project: Project, name: str) -> None:
    """Answer the project's question, so that the next one of its kind has a suggestion."""
    with project_work() as work:
        question = question_in(work, project.questions.get(field="city").pk)
        answer_question(work, question=question, answer=f"{name}ville", by=f"{name}-{OPERATOR}", door="admin")


# -- addresses -------------------------------------------------------------------------------------
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


def routes(listed: Any, prefix: str = "") -> Iterator[str]:
    """Every route of pages and of REST whose answer is about more than its caller's account."""
    for pattern in listed:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        elif not route.startswith((*BY_SECRET, *OWN_PAGES)) and "^" not in route and answers_get(pattern.callback):
            yield route


def answers_get(view: Any) -> bool:
    """Whether the view has an answer to GET."""
    made_of = getattr(view, "cls", None) or getattr(view, "view_class", None)
    return made_of is None or hasattr(made_of, "get")


def addresses(other: Side) -> list[str]:
    """Every address with the ids of this side in it, and each list searched for its word."""
    admin.autodiscover()
    found = []
    every = set(routes(get_resolver().url_patterns))
    for route in sorted(route for route in every if not (route.endswith("/") and route[:-1] in every)):
        for values in product(*(values_of(name, route, other) for name in PLACE.findall(route))):
            found.append(f"/{PLACE.sub('{}', route).format(*values)}")
    lists = [f"/admin/{model._meta.label_lower.replace('.', '/')}/" for model in admin.site._registry]
    found += [f"{address}?q={other.word[1:-1]}" for address in lists]
    return found + [f"/admin/clarifications/question/?whose={tab}" for tab in ("mine", "groups", "all", "closed")]


def values_of(name: str, route: str, other: Side) -> list[str]:
    """What stands in this place of the route for the other side's rows."""
    if name == "object_id":
        parts = route.split("/")
        return other.numbers(apps.get_model(parts[1], parts[2]))[:2] or ["1"] if parts[1] != "r" else ["1"]
    if name == "pk":
        return [str(other.project)] if route.startswith("projects") else other.numbers(Question)
    event = Event.objects.filter(project_id=other.project).earliest("seq")
    fixed = {
        "project_id": str(other.project), "event_id": str(event.event_id), "name": f"{other.word.lower()}-plan",
        "version": "1", "digest": "0" * 64, "event_type": "PROJECT.OPENED", "ending": "pdf", "form": "csv",
        "url": "x", "app_label": "accounts", "content_type_id": "1",
        "lease": str(other.own(leases.Lease).get().token),
    }  # fmt: skip
    return [fixed[name]] if name in fixed else other.numbers(TABLES[name])


def leaks(here: Side, there: Side, roles: list[str], addresses: list[str]) -> tuple[int, list[str]]:
    """How many calls people and a machine of one side made to these addresses, and what they met of the other side."""
    calls, found, traces = 0, [], there.traces()
    for role, caller in visitors(here, roles).items():
        for address in addresses if not caller.headers else filter(FOR_PROGRAMS.match, addresses):
            seen = met(got(caller, address), traces, address)
            found += [f"{here.word} {role} at {address}: {sorted(seen)[:3]}"] if seen else []
            calls += 1
    return calls, found


# -- who comes -------------------------------------------------------------------------------------
def visitors(of: Side, roles: list[str]) -> dict[str, Caller]:
    """People of these roles by their sessions, and a machine of each by a key that may do everything."""
    found = {}
    for role in roles:
        someone = Caller(User.objects.get(username=f"{of.word.lower()}-{role}"))
        someone.client.force_login(someone.user)  # type: ignore[arg-type]
        found[role] = someone
    machine = User.objects.get(username=f"{of.word.lower()}-bot")
    _key, text = keys.make_key(machine, name="visitor", scopes=EVERY_SCOPE, lifetime=None)
    found["key"] = Caller(machine, authorization=f"Bearer {text}")
    return found


def got(caller: Caller, address: str) -> Any:
    """The answer to a GET, without what the pages before have to say to the same person."""
    if (session := caller.client.session).pop(SessionStorage.session_key, None):
        session.save()
    return caller.client.get(address, headers=caller.headers)


def body_of(answer: Any) -> bytes:
    """What the answer says."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def met(answer: Any, traces: set[str], address: str) -> set[str]:
    """Which of the traces are in the answer, where what the caller has sent is left out."""
    return traces_in(body_of(answer) + str(answer.headers).encode(), traces, address)


def traces_in(text: bytes, traces: set[str], address: str) -> set[str]:
    """Which of the traces are in the text, where what the caller has sent is left out."""
    said = text.decode(errors="replace").lower()
    for sent in re.split("[/?=&]", address.lower()):
        said = said.replace(sent, "") if len(sent) > SHORTEST_TRACE else said
    return {trace for trace in traces if trace in said}
