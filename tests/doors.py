"""The doors through which people and machines change something, made from addresses, models and forms."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from accounts.roles import ADMINISTRATOR, ANSWERER, REQUESTER
from api.urls import VIEWS
from tests.callers import Caller

ADD_PRODUCER = "page of producers: add"
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
