"""Endpoints for workers over HTTP: lease items, keep the lease, report progress, deliver, complete, fail or ask."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import grants_work
from api import examples
from api.endpoint import ApiView
from api.fields import Boolean, Choice, Number, Text, WholeNumber
from api.items import ItemShown
from api.openapi import post_endpoint
from api.problems import Refused
from api.rules import Rule, ScopeMissing
from api.waiting import waiting_headers
from backlog.flow import leases, replies
from backlog.flow.leases import Effect, Leased
from backlog.models import Item, Lease
from backlog.work import ProjectWork
from clarifications.asking import needed_by_worker
from clarifications.services import blocking_questions
from events.envelope import Envelope
from schemas.registry import registry

WORKER = Rule("work", keys_only=True)
MOST_ITEMS = 100
LONGEST_LEASE = 3600
LONGEST_WAIT = 30
AGENT_NAME = RegexValidator(r"^[a-z][a-z0-9_]{0,99}\Z")


# -- requests and responses ------------------------------------------------------------------------
class LeaseRequest(serializers.Serializer[Any]):
    """A request for items to work on."""

    agent = Text(
        validators=[AGENT_NAME], help_text="The agent whose items you do; your key needs the scope `work:<agent>`."
    )
    max = WholeNumber(min_value=1, max_value=MOST_ITEMS, default=1, help_text="How many items you take at most.")
    seconds = WholeNumber(
        min_value=1,
        max_value=LONGEST_LEASE,
        default=60,
        help_text="How long a lease lasts, in seconds, unless you renew it.",
    )
    wait = WholeNumber(
        min_value=0,
        max_value=LONGEST_WAIT,
        default=0,
        help_text="How many seconds to wait for an item if there is none.",
    )


class LeaseShown(serializers.Serializer[Any]):
    """A work item that is leased to you."""

    lease = serializers.UUIDField(help_text="The token of the lease, which is in the path of every reply.")
    expires_at = serializers.DateTimeField(allow_null=True)
    item = ItemShown()
    work_context = serializers.DictField(
        help_text="The facts for the work: figures, rows, notes, and deliverables of earlier items."
    )


class Leases(serializers.Serializer[Any]):
    """The items that were leased to you; an empty list if there were none."""

    items = LeaseShown(many=True)


class Alive(serializers.Serializer[Any]):
    """The state of a lease and its item."""

    lease = serializers.UUIDField()
    state = serializers.CharField(help_text="The state of the item now.")
    expires_at = serializers.DateTimeField(allow_null=True)


class Asked(Alive):
    """The state of a lease that ended with questions to a person."""

    questions = serializers.ListField(
        child=serializers.UUIDField(), help_text="The ids of the open questions for whose answers the item waits."
    )


class Progress(serializers.Serializer[Any]):
    """The progress of your work on an item."""

    done = WholeNumber(min_value=0, max_value=10**15, help_text="How many units of the work are done.")
    total = WholeNumber(min_value=0, max_value=10**15, help_text="How many units there are.")
    message = Text(required=False, max_length=1000)


class Delivery(serializers.Serializer[Any]):
    """A deliverable: a result of your work on an item."""

    type = Text(max_length=100)
    content = serializers.DictField()
    confidence = Number(min_value=0, max_value=1, help_text="How sure you are: 0 not at all, 1 completely.")


class Completion(serializers.Serializer[Any]):
    """The report that the work on an item is finished."""

    evidence = serializers.DictField(help_text="Values for the criteria of the definition of done of the item.")


class Failure(serializers.Serializer[Any]):
    """The report that you cannot do an item."""

    reason = Text(max_length=20_000, help_text="Why you cannot do the item.")
    category = Choice(choices=["TOOL_FAILURE", "DATA_INSUFFICIENCY", "REASONING_CONTRADICTION"], required=False)
    retryable = Boolean(required=False, help_text="False if another attempt cannot help.")


class Need(serializers.Serializer[Any]):
    """The facts that you need from a person before you can do an item."""

    reason = Text(max_length=20_000, help_text="Why you need them; the person reads it with the question.")
    missing_fields = serializers.ListField(child=Text(max_length=200), max_length=50, required=False)
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.DictField(),
        required=False,
        help_text="For each field a JSON Schema that the answer has to fit, with the question as `title`.",
    )


# -- endpoints -------------------------------------------------------------------------------------
class LeaseItems(ApiView):
    """Leases items to a worker. With `wait`, the web server calls again as long as there is no item."""

    rules = {"POST": WORKER}

    @post_endpoint(
        "work_lease",
        "Lease items",
        takes=LeaseRequest,
        gives=Leases,
        request_example=examples.LEASE_REQUEST,
        response_example=examples.LEASED,
    )
    def post(self, request: Request) -> Response:
        """Lease items of an agent, in order to work on them. Each item is leased to one worker only.

        With `wait` the response comes as soon as there is an item, or after `wait` seconds with an empty list.
        An account may have 100 waiting calls open at once (setting `API_MOST_WAITS`); one more is refused (429).
        """
        wanted = self.read_body(LeaseRequest)
        require_agent(self, wanted["agent"])
        how_many, seconds = wanted["max"], wanted["seconds"]
        leased = leases.lease_items(wanted["agent"], holder=self.account, most=how_many, seconds=seconds)
        rows = {"items": [LeaseShown(lease_row(lease)).data for lease in leased]}
        waits = wanted["wait"] and not leased
        headers = waiting_headers(self.account, seconds=wanted["wait"], agent=wanted["agent"]) if waits else None
        return Response(rows, headers=headers)


class Reply(ApiView):
    """Base class of the endpoints by which a worker replies about a leased item."""

    rules = {"POST": WORKER}

    def reply(self, lease: UUID, event_type: str, payload: dict[str, Any], effect: Effect) -> Response:
        """Record the reply as an event and apply its effect; return the state of the lease and its item."""
        require_payload(event_type, payload)
        held = leases.handle_reply(
            lease, holder=holder_of(self, lease), event_type=event_type, payload=payload, effect=effect
        )
        return lease_state(*held)


class Heartbeat(Reply):
    """Renews a lease."""

    @post_endpoint("work_heartbeat", "Renew a lease", gives=Alive, response_example=examples.LEASE_STATE)
    def post(self, request: Request, lease: UUID) -> Response:
        """Renew the lease: it lasts again for the `seconds` of its request, counted from now."""
        return lease_state(*leases.heartbeat(lease, holder=holder_of(self, lease)))


class ReportProgress(Reply):
    """Reports the progress of the work."""

    @post_endpoint(
        "work_progress",
        "Report progress",
        takes=Progress,
        gives=Alive,
        request_example=examples.request_of("WORK.ITEM_PROGRESSED"),
        response_example=examples.LEASE_STATE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Report how much of the work is done. This renews the lease too."""
        return self.reply(lease, "WORK.ITEM_PROGRESSED", self.read_body(Progress), replies.progress_item)


class Deliver(Reply):
    """Accepts a deliverable."""

    @post_endpoint(
        "work_deliver",
        "Send a deliverable",
        takes=Delivery,
        gives=Alive,
        status=201,
        request_example=examples.deliverable(),
        response_example=examples.LEASE_STATE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Send a result of your work. Send all deliverables before you complete the item."""
        made = {**self.read_body(Delivery), "timestamp": datetime.now(UTC).isoformat()}
        response = self.reply(lease, "DELIVERABLE.PUBLISHED", {"deliverable": made}, replies.accept_deliverable)
        response.status_code = 201
        return response


class Complete(Reply):
    """Completes an item."""

    @post_endpoint(
        "work_complete",
        "Complete an item",
        takes=Completion,
        gives=Alive,
        request_example=examples.request_of("WORK.ITEM_COMPLETED"),
        response_example=examples.LEASE_STATE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Report that the work is finished. The item is done if your evidence meets its definition of done.

        Otherwise it fails, or it is held until its deliverable or an approval has come. See `state` in the response.
        """
        return self.reply(lease, "WORK.ITEM_COMPLETED", self.read_body(Completion), replies.complete_item)


class Fail(Reply):
    """Reports that an item failed."""

    @post_endpoint(
        "work_fail",
        "Report a failed item",
        takes=Failure,
        gives=Alive,
        request_example=examples.request_of("WORK.ITEM_FAILED"),
        response_example=examples.LEASE_STATE,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Report that you cannot do the item. It is tried again if it is `retryable` and has attempts left."""
        return self.reply(lease, "WORK.ITEM_FAILED", self.read_body(Failure), replies.fail_item)


class Ask(Reply):
    """Asks a person for missing facts."""

    @post_endpoint(
        "work_ask",
        "Ask a person for facts",
        takes=Need,
        gives=Asked,
        request_example=examples.request_of("CLARIFICATION.NEEDED"),
        response_example=examples.LEASE_ASKED,
    )
    def post(self, request: Request, lease: UUID) -> Response:
        """Ask a person for facts that you need. The lease ends, and the item is BLOCKED until the answer comes.

        Then it can be leased again, with the answer in its work context.
        """
        asked: list[UUID] = []

        def ask_person(work: ProjectWork, item: Item, event: Envelope) -> None:
            """Ask for what the worker needs: the effect of CLARIFICATION.NEEDED."""
            needed_by_worker(work, event)
            asked.extend(question.pk for question in blocking_questions(work, item))

        response = self.reply(lease, "CLARIFICATION.NEEDED", self.read_body(Need), ask_person)
        response.data["questions"] = [str(question_id) for question_id in asked]
        return response


# -- functions -------------------------------------------------------------------------------------
def require_agent(view: ApiView, agent: str) -> None:
    """Raise ScopeMissing unless the key allows work for this agent."""
    key = view.account.key
    if key is None or not grants_work(key.scopes, agent):
        raise ScopeMissing(view.account, f"work:{agent}")


def holder_of(view: ApiView, token: UUID) -> str:
    """Return the name of the account. Raises ScopeMissing if it holds the lease but its key is for other agents."""
    holder = view.account.get_username()
    leases_held = Lease.objects.filter(token=token, holder=holder)
    if agent := leases_held.values_list("item__agent_target", flat=True).first():
        require_agent(view, agent)
    return holder


def require_payload(event_type: str, payload: dict[str, Any]) -> None:
    """Raise Refused with every fault unless the reply meets its event contract; the ids of the envelope are added."""
    complete = {"project_id": str(UUID(int=0)), "backlog_item_id": str(UUID(int=0)), **payload}
    if not registry().is_valid(event_type, 1, complete):
        faults = [(problem.pointer, problem.message) for problem in registry().problems(event_type, 1, complete)]
        raise Refused(422, "invalid-request", _("The reply breaks its contract: see the errors."), faults=faults)


def lease_row(leased: Leased) -> dict[str, Any]:
    """Return the values of a leased item for `LeaseShown`."""
    return {
        "lease": leased.lease.token,
        "expires_at": leased.item.deadline_at,
        "item": leased.item,
        "work_context": leased.dispatch.payload["work_context"],
    }


def lease_state(lease: Lease, item: Item) -> Response:
    """Return a response with the state of the lease and its item."""
    is_held = item.state == "IN_PROGRESS" and not item.held_for
    row = {"lease": lease.token, "state": item.state, "expires_at": item.deadline_at if is_held else None}
    return Response(Alive(row).data)
