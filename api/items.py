"""Work items: look, dispatch, retry, cancel, waive."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import ITEMS, READ
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Text
from api.openapi import IF_MATCH, acts, endpoint, lists
from api.projects import Reason
from api.rules import Rule
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in, projects_for
from backlog.services import cancel_item, dispatch_item, retry_item, waive_criteria
from backlog.states import ItemState

STEER = {"POST": Rule(ITEMS, "backlog.change_item")}


class ItemShown(serializers.ModelSerializer[Item]):
    """One piece of work for one agent."""

    project = serializers.UUIDField(source="project_id")
    depends_on = serializers.ListField(child=serializers.CharField())
    delivered = serializers.ListField(child=serializers.CharField(), help_text="Types of what it delivered.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What reviewers asked to do differently.")
    evidence = serializers.DictField(allow_null=True)

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
    """Which items."""

    project = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=ItemState.choices, required=False)
    agent = Text(required=False, max_length=100)


class Items(ApiView):
    """The items of the projects that the account may see."""

    rules = {"GET": Rule(READ)}

    @lists("items_list", "List work items", ItemShown, ItemQuery)
    def get(self, request: Request) -> Response:
        """With `project`, in the order of its template; without, by the items' ids."""
        names = {"project": "project_id", "agent": "agent_target"}
        wanted = {names.get(name, name): value for name, value in self.asked(ItemQuery).items()}
        by = ("position", "id") if "project_id" in wanted else ("-id",)
        return self.page(seen_by(self.account).filter(**wanted), ItemShown, by=by)


class OneItem(ApiView):
    """A work item."""

    rules = {"GET": Rule(READ)}

    @endpoint("items_read", "Read a work item", gives=ItemShown, refuses=[404])
    def get(self, request: Request, item_id: UUID) -> Response:
        """As it is now."""
        return self.shown(ItemShown(found_in(seen_by(self.account), pk=item_id)).data)


class Act(ApiView):
    """Something that is done to an item."""

    rules = STEER

    def act(
        self, item_id: UUID, service: Callable[..., Item], *, status: int = 200, has_reason: bool = False, **said: str
    ) -> Response:
        """Have the service do it, for the reason in the body where it needs one; the item as it is then."""
        found_in(seen_by(self.account), pk=item_id)
        if has_reason:
            said["reason"] = self.read(Reason)["reason"]
        with project_work() as work:
            item = item_in(work, item_id)
            self.require_unchanged(lambda: ItemShown(item).data)
            service(work, item, **said)
        data = ItemShown(found_in(seen_by(self.account), pk=item_id)).data
        return self.shown(data, status=status, location=f"/api/v1/items/{item_id}" if status == 202 else "")


class DispatchItem(Act):
    """Sends a ready item to its agent."""

    @acts(
        "items_dispatch",
        "Dispatch a ready item",
        gives=ItemShown,
        status=202,
        parameters=[IF_MATCH],
        refuses=[412],
        given=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """The work goes on; follow the item."""
        return self.act(item_id, dispatch_item, status=202)


class RetryItem(Act):
    """Tries a failed item again."""

    @acts(
        "items_retry",
        "Retry a failed item",
        gives=ItemShown,
        status=202,
        parameters=[IF_MATCH],
        refuses=[412],
        given=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """At once, whatever its budget."""
        return self.act(item_id, retry_item, status=202, by=self.account.get_username())


class CancelItem(Act):
    """Ends an item and what depends on it."""

    @acts(
        "items_cancel",
        "Cancel an item",
        takes=Reason,
        gives=ItemShown,
        parameters=[IF_MATCH],
        refuses=[412],
        sent=examples.REASON,
        given=examples.ITEM,
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """What depends on it is cancelled too."""
        return self.act(item_id, cancel_item, has_reason=True, by=self.account.get_username())


class WaiveItem(Act):
    """Accepts an item's work although it misses its definition of done."""

    @acts(
        "items_waive", "Waive the definition of done", takes=Reason, gives=ItemShown,
        parameters=[IF_MATCH], refuses=[412], sent=examples.REASON, given=examples.ITEM,
    )  # fmt: skip
    def post(self, request: Request, item_id: UUID) -> Response:
        """The reason is kept with the item."""
        return self.act(item_id, waive_criteria, has_reason=True, by=self.account.get_username())


def seen_by(user: User) -> QuerySet[Item]:
    """The items of the projects that the account may see."""
    if user.has_perm("backlog.view_project"):
        return Item.objects.all()
    return Item.objects.filter(project__in=projects_for(user))
