"""Endpoints of work items: list, read, dispatch, retry, cancel, waive."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import ITEMS, READ
from accounts.walls import within_organisation
from api import examples
from api.endpoint import ApiView, row_or_404
from api.fields import Text
from api.openapi import IF_MATCH, endpoint, list_endpoint, post_endpoint
from api.problems import problem_response
from api.projects import Reason
from api.rules import Rule
from backlog.errors import SecondPersonNeeded
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in, projects_for
from backlog.services import cancel_item, dispatch_item, retry_item, waive_criteria
from backlog.states import ItemState

STEER = {"POST": Rule(ITEMS, "backlog.change_item")}


class ItemShown(serializers.ModelSerializer[Item]):
    """A work item: one piece of work of a project, done by one agent."""

    project = serializers.UUIDField(source="project_id")
    depends_on = serializers.ListField(child=serializers.CharField())
    delivered = serializers.ListField(
        child=serializers.CharField(), help_text="Types of the deliverables of this item."
    )
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="Notes of people who rejected its work: what to do differently."
    )
    evidence = serializers.DictField(
        allow_null=True, help_text="What the worker gave as evidence for the definition of done."
    )

    class Meta:
        model = Item
        fields = [
            *("id", "project", "position", "key", "title", "item_type", "agent_target", "state", "reason"),
            *("depends_on", "waiting_on", "priority", "auto_dispatch", "approval", "approved", "held_for"),
            *("attempts", "failures", "max_attempts", "timeout_seconds", "current_dispatch", "started_at"),
            *("deadline_at", "not_before", "done_at", "progress_done", "progress_total", "delivered", "notes"),
            *("evidence",),
        ]


class ItemQuery(serializers.Serializer[Any]):
    """Filters of the list of work items."""

    project = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=ItemState.choices, required=False)
    agent = Text(required=False, max_length=100)


class Items(ApiView):
    """The list of work items."""

    rules = {"GET": Rule(READ)}

    @list_endpoint("items_list", "List work items", ItemShown, ItemQuery)
    def get(self, request: Request) -> Response:
        """The items that you may see; with `project`, in the order of its template."""
        names = {"project": "project_id", "agent": "agent_target"}
        filters = {names.get(name, name): value for name, value in self.read_query(ItemQuery).items()}
        by = ("position", "id") if "project_id" in filters else ("-id",)
        return self.page(visible_items(self.account).filter(**filters), ItemShown, by=by)


class OneItem(ApiView):
    """One work item."""

    rules = {"GET": Rule(READ)}

    @endpoint("items_read", "Read a work item", gives=ItemShown, refuses=[404])
    def get(self, request: Request, item_id: UUID) -> Response:
        """The work item as it is now. Its ETag can be sent as If-Match with a change."""
        return self.respond(ItemShown(row_or_404(visible_items(self.account), pk=item_id)).data)


class ItemAction(ApiView):
    """Base class of the endpoints that change an item."""

    rules = STEER

    def act(
        self,
        item_id: UUID,
        service: Callable[..., Item],
        *,
        status: int = 200,
        has_reason: bool = False,
        **arguments: str,
    ) -> Response:
        """Call the service for the item, under the lock of its project, and return the changed item.

        With `has_reason` the service also gets the `reason` of the body. `arguments` are passed to the service.
        """
        row_or_404(visible_items(self.account), pk=item_id)
        if has_reason:
            arguments["reason"] = self.read_body(Reason)["reason"]
        with project_work() as work:
            item = item_in(work, item_id)
            self.require_unchanged(lambda: ItemShown(item).data)
            service(work, item, **arguments)
        data = ItemShown(row_or_404(visible_items(self.account), pk=item_id)).data
        return self.respond(data, status=status, location=f"/api/v1/items/{item_id}" if status == 202 else "")


class DispatchItem(ItemAction):
    """Sends a ready item to its agent."""

    @post_endpoint(
        "items_dispatch",
        "Dispatch a ready item",
        gives=ItemShown,
        status=202,
        parameters=[IF_MATCH],
        refuses=[412],
        response_example=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Send the item to its agent. It has to be READY. The agent works later: read the item to see its state."""
        return self.act(item_id, dispatch_item, status=202)


class RetryItem(ItemAction):
    """Tries a failed item again."""

    @post_endpoint(
        "items_retry",
        "Retry a failed item",
        gives=ItemShown,
        status=202,
        parameters=[IF_MATCH],
        refuses=[412],
        response_example=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Dispatch the failed item again, at once and even if it has no attempts left."""
        return self.act(item_id, retry_item, status=202, by=self.account.get_username())


class CancelItem(ItemAction):
    """Cancels an item."""

    @post_endpoint(
        "items_cancel",
        "Cancel an item",
        takes=Reason,
        gives=ItemShown,
        parameters=[IF_MATCH],
        refuses=[412],
        request_example=examples.REASON,
        response_example=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Cancel the item, and every item that depends on it. The reason is stored with them."""
        return self.act(item_id, cancel_item, has_reason=True, by=self.account.get_username())


class WaiveItem(ItemAction):
    """Accepts the work of an item that does not meet its definition of done."""

    @post_endpoint(
        "items_waive", "Waive the definition of done", takes=Reason, gives=ItemShown,
        parameters=[IF_MATCH], refuses=[412], request_example=examples.REASON, response_example=examples.ITEM,
    )  # fmt: skip
    def post(self, request: Request, item_id: UUID) -> Response:
        """Accept the item as done although it does not meet its definition of done. The reason is stored with it.

        Where FOUR_EYES names `waive`, the answer is 409 `second-person-needed`: it waits for another person.
        """
        try:
            return self.act(item_id, waive_criteria, has_reason=True, by=self.account.get_username())
        except SecondPersonNeeded as error:
            # Answered here, so that what waits is stored together with the answer of an Idempotency-Key.
            return problem_response(409, "second-person-needed", error.message, **error.extra)


def visible_items(user: User) -> QuerySet[Item]:
    """Return the items of the projects that the account may see."""
    if user.has_perm("backlog.view_project"):
        return within_organisation(user, Item.objects.all())
    return Item.objects.filter(project__in=projects_for(user))
