"""Admin pages for items and deliverables. Every action calls a service, each item in its own unit of work."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from backlog.selectors import item_in
from backlog.services import cancel_item, dispatch_item, retry_item, waive_criteria
from backlog.state_words import state_in_words
from pages.admin_pages import ReadOnlyAdmin, act_on_each, act_on_each_with_reason, json_as_html
from pages.presentation import ago, state_word, translated


# -- items -----------------------------------------------------------------------------------------
@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    """The list and the page of items, read-only but for the actions."""

    list_display = ["spoken_title", "project", "standing", "agent_target", "attempts", "failures", "deadline"]
    list_filter = ["state", "approval"]
    linked_fields = ("agent_target", "project")
    list_select_related = ["project"]
    search_fields = ["title", "key", "agent_target", "project__title"]
    search_help_text = gettext_lazy(
        "A part of the title, the key, the agent's name or the project's title, or the whole id."
    )
    nothing_yet = gettext_lazy("There is no work item yet. A request makes some.")
    ordering = ["-project__opened_at", "project_id", "position"]
    actions = ["dispatch_items", "retry_items", "cancel_items", "waive_items"]
    fields = [
        *("spoken_title", "project_link", "key", "item_type", "agent_target", "standing", "spoken_reason"),
        *("depends_on", "priority", "approval", "approved", "attempts", "failures", "max_attempts", "timeout_seconds"),
        *("started_at", "deadline_at", "not_before", "done_at", "progress", "delivered", "notes"),
        *("current_dispatch", "evidence_pretty"),
    ]

    @admin.display(description=gettext_lazy("title"))
    def spoken_title(self, item: Item) -> str:
        return translated(item.title)

    @admin.display(description=gettext_lazy("reason"))
    def spoken_reason(self, item: Item) -> str:
        return translated(item.reason) or "–"

    @admin.display(description=gettext_lazy("state"))
    def standing(self, item: Item) -> SafeString:
        return state_word(item.state, state_in_words(item))

    @admin.display(description=gettext_lazy("deadline"))
    def deadline(self, item: Item) -> SafeString:
        return ago(item.deadline_at)

    @admin.display(description=gettext_lazy("project"))
    def project_link(self, item: Item) -> SafeString:
        return link_to_admin_page(item.project)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, item: Item) -> str:
        if not item.progress_total:
            return "–"
        return _("%(done)s of %(total)s") % {"done": item.progress_done, "total": item.progress_total}

    @admin.display(description=gettext_lazy("evidence"))
    def evidence_pretty(self, item: Item) -> str | SafeString:
        return "–" if item.evidence is None else json_as_html(item.evidence)

    @admin.action(description=gettext_lazy("Dispatch now"), permissions=["act"])
    def dispatch_items(self, request: HttpRequest, queryset: QuerySet[Item]) -> None:
        act_on_each(self, request, queryset, in_project_work(dispatch_item), done=_("Dispatched"))

    @admin.action(description=gettext_lazy("Retry now, whatever the budget"), permissions=["act"])
    def retry_items(self, request: HttpRequest, queryset: QuerySet[Item]) -> None:
        by = request.user.get_username()
        act_on_each(self, request, queryset, in_project_work(retry_item, by=by), done=_("To be tried again"))

    @admin.action(description=gettext_lazy("Cancel, with a reason"), permissions=["act"])
    def cancel_items(self, request: HttpRequest, queryset: QuerySet[Item]) -> HttpResponse | None:
        """Cancel the items, last position first: cancelling an item also cancels the items that depend on it."""
        last_first = queryset.order_by("project", "-position")
        return self.with_reason(request, last_first, cancel_item, name="cancel_items", done=_("Cancelled"))

    @admin.action(description=gettext_lazy("Waive the definition of done, with a reason"), permissions=["act"])
    def waive_items(self, request: HttpRequest, queryset: QuerySet[Item]) -> HttpResponse | None:
        return self.with_reason(request, queryset, waive_criteria, name="waive_items", done=_("Accepted by waiver"))

    def with_reason(
        self, request: HttpRequest, queryset: QuerySet[Item], service: Callable[..., Item], *, name: str, done: str
    ) -> HttpResponse | None:
        """Ask for a reason, then call the service with it for each item."""
        by = request.user.get_username()

        def act(item: Item, reason: str) -> None:
            in_project_work(service, by=by, reason=reason)(item)

        return act_on_each_with_reason(self, request, queryset, act, name=name, done=done)


def in_project_work(service: Callable[..., Item], **arguments: str) -> Callable[[Item], None]:
    """Return a function that calls the service on an item in a unit of work of its own."""

    def act(item: Item) -> None:
        with project_work() as work:
            service(work, item_in(work, item.pk), **arguments)

    return act


# -- deliverables ----------------------------------------------------------------------------------
@admin.register(Deliverable)
class DeliverableAdmin(ReadOnlyAdmin):
    """The list and the page of deliverables, newest first, read-only."""

    list_display = ["type", "project", "item", "agent", "confidence", "delivered"]
    list_select_related = ["project", "item"]
    search_fields = ["type", "agent", "project__title"]
    search_help_text = gettext_lazy("A part of the type, the agent's name or the project's title, or the whole id.")
    ordering = ["-timestamp", "-id"]
    fields = ["type", "project_link", "item_link", "agent", "confidence", "timestamp", "dispatch_id", "content_pretty"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deliverable]:
        """Return deliverables without `content`, which may be large and is loaded only on a deliverable's own page."""
        deliverables: QuerySet[Deliverable] = super().get_queryset(request).defer("content")
        return deliverables

    @admin.display(description=gettext_lazy("project"))
    def project_link(self, deliverable: Deliverable) -> SafeString:
        return link_to_admin_page(deliverable.project)

    @admin.display(description=gettext_lazy("item"))
    def item_link(self, deliverable: Deliverable) -> SafeString:
        return link_to_admin_page(deliverable.item)

    @admin.display(description=gettext_lazy("delivered"))
    def delivered(self, deliverable: Deliverable) -> SafeString:
        return ago(deliverable.timestamp)

    @admin.display(description=gettext_lazy("content"))
    def content_pretty(self, deliverable: Deliverable) -> SafeString:
        return json_as_html(deliverable.content)


def link_to_admin_page(obj: Project | Item) -> SafeString:
    """Return a link to the object's admin page."""
    url = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, obj)
