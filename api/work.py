"""Work over HTTP: lease items, show that you are alive, deliver, complete, fail or ask."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator
from django.http import Http404, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import grants_work
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Choice, Number, Text, Truth, Whole
from api.items import ItemShown
from api.openapi import acts, endpoint
from api.problems import Refused
from api.renderers import besides
from api.rules import Rule, ScopeMissing
from api.stored_rows import lines
from api.waiting import worth_waiting
from backlog.flow import leases, replies
from backlog.flow.leases import Effect, Leased
from backlog.models import Item, Lease
from clarifications.asking import needed_by_worker
from events import artifacts
from events.models import Event
from schemas.registry import registry

WORKER = Rule("work", keys_only=True)
MOST_ITEMS = 100
LONGEST_LEASE = 3600
LONGEST_WAIT = 30
LINES = "application/x-ndjson"
AGENT = RegexValidator(r"^[a-z][a-z0-9_]{0,99}\Z")


# -- what is taken and given -----------------------------------------------------------------------
class LeaseRequest(serializers.Serializer[Any]):
    """Whose items, how many, and for how long."""

    agent = Text(validators=[AGENT], help_text="The agent that you are.")
    max = Whole(min_value=1, max_value=MOST_ITEMS, default=1)
    seconds = Whole(
        min_value=1, max_value=LONGEST_LEASE, default=60, help_text="Until a lease without a word from you ends."
    )
    wait = Whole(
        min_value=0, max_value=LONGEST_WAIT, default=0, help_text="Seconds to wait for an item when there is none."
    )


class LeaseShown(serializers.Serializer[Any]):
    """An item in your hands."""

    lease = serializers.UUIDField(help_text="What you reply with.")
    expires_at = serializers.DateTimeField(allow_null=True)
    item = ItemShown()
    work_context = serializers.DictField(help_text="What is known: figures, rows, notes, what came before.")


class Leases(serializers.Serializer[Any]):
    """The items that you got; none where there was nothing to do."""

    items = LeaseShown(many=True)


class Alive(serializers.Serializer[Any]):
    """Until when the lease lasts without another word; null once the item is out of your hands."""

    lease = serializers.UUIDField()
    state = serializers.CharField(help_text="The item's state.")
    expires_at = serializers.DateTimeField(allow_null=True)


class Progress(serializers.Serializer[Any]):
    """How far you are."""

    done = Whole(min_value=0, max_value=10**15)
    total = Whole(min_value=0, max_value=10**15)
    message = Text(required=False, max_length=1000)


class Delivery(serializers.Serializer[Any]):
    """What you made of the item; send it before you complete."""

    type = Text(max_length=100)
    content = serializers.DictField()
    confidence = Number(min_value=0, max_value=1)


class Completion(serializers.Serializer[Any]):
    """Evidence for the definition of done."""

    evidence = serializers.DictField()


class Failure(serializers.Serializer[Any]):
    """Why it cannot be done."""

    reason = Text(max_length=20_000)
    category = Choice(choices=["TOOL_FAILURE", "DATA_INSUFFICIENCY", "REASONING_CONTRADICTION"], required=False)
    retryable = Truth(required=False)


class Need(serializers.Serializer[Any]):
    """What a person has to say before you can go on."""

    reason = Text(max_length=20_000)
    missing_fields = serializers.ListField(child=Text(max_length=200), max_length=50, required=False)
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.DictField(), required=False, help_text="Per field a JSON Schema with a title to ask by."
    )


# -- endpoints -------------------------------------------------------------------------------------
class LeaseItems(ApiView):
    """Gives a worker items to do; the web server asks again once there is something, while it is to wait."""

    rules = {"POST": WORKER}

    @acts("work_lease", "Lease items", takes=LeaseRequest, gives=Leases, sent=examples.WANTED, given=examples.LEASED)
    def post(self, request: Request) -> Response:
        """Of all who ask, one gets each item. With `wait`, the answer comes once there is something, or then.

        An account may have `API_MOST_WAITS` calls waiting at once, 100 unless set otherwise; one more is refused (429).
        """
        said = self.read(LeaseRequest)
        require_agent(self, said["agent"])
        holder = self.account.get_username()
        taken = leases.take(said["agent"], holder=holder, most=said["max"], seconds=said["seconds"])
        shown = {"items": [LeaseShown(in_hand(one)).data for one in taken]}
        waits = said["wait"] and not taken
        again = worth_waiting(self.account, seconds=said["wait"], agent=said["agent"]) if waits else None
        return Response(shown, headers=again)


class Reply(ApiView):
    """A reply about a leased item."""

    rules = {"POST": WORKER}

    def reply(self, lease: UUID, event_type: str, payload: dict[str, Any], effect: Effect) -> Response:
        """Have it recorded and applied; where the item stands then."""
        require_payload(event_type, payload)
        held = leases.reply(lease, holder=holder_of(self, lease), event_type=event_type, payload=payload, effect=effect)
        return alive(*held)


class Heartbeat(Reply):
    """Keeps a lease."""

    @acts("work_heartbeat", "Keep a lease", gives=Alive, given=examples.ALIVE)
    def post(self, request: Request, lease: UUID) -> Response:
        """It lasts from now on for as long as it was asked for."""
        return alive(*leases.heartbeat(lease, holder=holder_of(self, lease)))


class ReportProgress(Reply):
    """Tells how far the work is."""

    @acts(
        "work_progress",
        "Report progress",
        takes=Progress,
        gives=Alive,
        sent=examples.sent("WORK.ITEM_PROGRESSED"),
        given=examples.ALIVE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """This keeps the lease too."""
        return self.reply(lease, "WORK.ITEM_PROGRESSED", self.read(Progress), replies.progress_item)


class Deliver(Reply):
    """Takes what a worker made."""

    @acts(
        "work_deliver",
        "Deliver",
        takes=Delivery,
        gives=Alive,
        status=201,
        sent=examples.delivery(),
        given=examples.ALIVE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Before you complete the item."""
        made = {**self.read(Delivery), "timestamp": datetime.now(UTC).isoformat()}
        response = self.reply(lease, "DELIVERABLE.PUBLISHED", {"deliverable": made}, replies.accept_deliverable)
        response.status_code = 201
        return response


class Complete(Reply):
    """Finishes an item."""

    @acts(
        "work_complete",
        "Complete an item",
        takes=Completion,
        gives=Alive,
        sent=examples.sent("WORK.ITEM_COMPLETED"),
        given=examples.ALIVE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Done if its definition of done agrees; the state says what came of it."""
        return self.reply(lease, "WORK.ITEM_COMPLETED", self.read(Completion), replies.complete_item)


class Fail(Reply):
    """Gives an item up."""

    @acts(
        "work_fail",
        "Give an item up",
        takes=Failure,
        gives=Alive,
        sent=examples.sent("WORK.ITEM_FAILED"),
        given=examples.ALIVE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """It is tried again within its budget, unless that is pointless."""
        return self.reply(lease, "WORK.ITEM_FAILED", self.read(Failure), replies.fail_item)


class Ask(Reply):
    """Asks a person."""

    @acts(
        "work_ask",
        "Ask a person",
        takes=Need,
        gives=Alive,
        sent=examples.sent("CLARIFICATION.NEEDED"),
        given=examples.ALIVE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """The item is blocked until somebody answers, and then given out again with the answer in its context."""
        return self.reply(lease, "CLARIFICATION.NEEDED", self.read(Need), asked)


class Artifact(ApiView):
    """A large part of a leased item's context."""

    rules = {"GET": WORKER}
    renderer_classes = besides(LINES)

    @endpoint(
        "work_artifact", "Read a large part of the work context",
        gives={(200, LINES): OpenApiTypes.STR}, refuses=[404, 409],
    )  # fmt: skip
    def get(self, request: Request, lease: UUID, digest: str) -> StreamingHttpResponse:
        """What a reference such as `rows_ref` in the context stands for, a JSON document a line."""
        held = found_in(Lease.objects.filter(holder=holder_of(self, lease)), token=lease)
        dispatch = Event.objects.get(event_id=held.dispatch_id)
        reference = next((one for one in references(dispatch.payload["work_context"]) if one["id"] == digest), None)
        if reference is None:
            raise Http404
        return StreamingHttpResponse(lines(artifacts.path_of(reference)), content_type=LINES)


# -- helpers ---------------------------------------------------------------------------------------
def require_agent(view: ApiView, agent: str) -> None:
    """Raise ScopeMissing unless the key may do this agent's items."""
    key = view.account.key
    if key is None or not grants_work(key.scopes, agent):
        raise ScopeMissing(view.account, f"work:{agent}")


def holder_of(view: ApiView, token: UUID) -> str:
    """The account, which holds the lease or not. Raises ScopeMissing where its key is for other agents."""
    holder = view.account.get_username()
    mine = Lease.objects.filter(token=token, holder=holder)
    if agent := mine.values_list("item__agent_target", flat=True).first():
        require_agent(view, agent)
    return holder


def require_payload(event_type: str, payload: dict[str, Any]) -> None:
    """Raise Refused with each fault unless the contract allows the reply; ids are ours to add."""
    whole = {"project_id": str(UUID(int=0)), "backlog_item_id": str(UUID(int=0)), **payload}
    if not registry().is_valid(event_type, 1, whole):
        faults = [(problem.pointer, problem.message) for problem in registry().problems(event_type, 1, whole)]
        raise Refused(422, "invalid-request", _("The reply breaks its contract: see the errors."), faults=faults)


def asked(work: Any, item: Item, event: Any) -> None:
    """Ask for what the worker misses."""
    needed_by_worker(work, event)


def in_hand(leased: Leased) -> dict[str, Any]:
    """A leased item as it is shown."""
    return {
        "lease": leased.lease.token,
        "expires_at": leased.item.deadline_at,
        "item": leased.item,
        "work_context": leased.dispatch.payload["work_context"],
    }


def alive(lease: Lease, item: Item) -> Response:
    """Where the lease and its item stand."""
    is_held = item.state == "IN_PROGRESS" and not item.held_for
    shown = {"lease": lease.token, "state": item.state, "expires_at": item.deadline_at if is_held else None}
    return Response(Alive(shown).data)


def references(value: Any) -> Iterator[dict[str, Any]]:
    """The artifact references in the context, however deep."""
    if isinstance(value, dict):
        if "sha256" in value and "id" in value:
            yield value
        for inner in value.values():
            yield from references(inner)
