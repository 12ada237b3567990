"""Admin pages for projects: the list, and a project's page with board, graph, story and actions."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import signed_in_person
from backlog.admin.board import BoardAction, action_named, board, may_cancel
from backlog.admin.project_page import known_fields
from backlog.admin.story import project_story
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import item_in, latest_deliverables, project_of
from backlog.services import cancel_project
from backlog.states import ItemState
from charts import Node, graph
from events import rounds
from pages.admin_pages import REFUSAL_ERRORS, DetailAdmin, ReasonForm, json_as_html
from pages.presentation import ago, state_word, translated


class ProjectAdmin(DetailAdmin):
    """The list of projects, newest first, and a project's page; `clarifications.admin` adds questions to it."""

    detail_template = "admin/backlog/project/detail.html"
    list_display = ["title", "standing", "progress", "template", "opened", "requester"]
    list_filter = ["status"]
    linked_fields = ("finished_at", "opened_at")
    search_fields = ["title", "requester"]
    search_help_text = gettext_lazy("A part of the title or of the requester's name, or the whole id.")
    nothing_yet = gettext_lazy("There is no project yet. Every request opens one.")
    ordering = ["-opened_at", "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        """Return the organisation's projects with the states of their items prefetched, for the progress column."""
        states = Prefetch("items", Item.objects.only("project_id", "state"))
        projects: QuerySet[Project] = super().get_queryset(request).select_related("template").prefetch_related(states)
        return projects

    @admin.display(description=gettext_lazy("state"))
    def standing(self, project: Project) -> SafeString:
        return state_word(project.status, project.get_status_display())

    @admin.display(description=gettext_lazy("items done"))
    def progress(self, project: Project) -> SafeString:
        items = project.items.all()
        done = sum(item.state == ItemState.DONE for item in items)
        words = _("%(done)s of %(total)s") % {"done": done, "total": len(items)}
        label = _("items done")
        return format_html(
            '<progress value="{}" max="{}" aria-label="{}"></progress> <span class="small">{}</span>',
            *(done, len(items) or 1, label, words),
        )

    @admin.display(description=gettext_lazy("opened"))
    def opened(self, project: Project) -> SafeString:
        return ago(project.opened_at)

    # -- a project's page --------------------------------------------------------------------------
    def detail(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Return the context of the project's page."""
        items = list(Item.objects.filter(project=obj).order_by("position"))
        for item in items:
            item.project = obj
        return {
            "progress": self.progress(obj),
            "columns": board(items, signed_in_person(request)),
            "graph": dependency_graph(items),
            "may_cancel": may_cancel(obj, signed_in_person(request)),
            "known": known_fields(obj),
            "intake": json_as_html(obj.intake) if obj.intake else "",
            "deliverables": list(latest_deliverables(obj.pk).values()),
            "story": project_story(obj),
            "standing_still": rounds.set_aside_rows(obj.pk),
            "sees_why": request.user.has_perm("events.view_deadletter"),
            "may_try_again": request.user.has_perm("events.change_deadletter"),
        }

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return True if the user may take at least one of the page's actions."""
        rights = ("backlog.change_item", "backlog.change_project", "events.change_deadletter")
        return any(map(request.user.has_perm, rights))

    def act(self, request: HttpRequest, obj: Project) -> HttpResponse:
        """Carry out the action of the button that was pressed, after asking for a reason if it needs one."""
        name, _sep, item_id = request.POST.get("act", "").partition(":")
        if name == "cancel_project":
            return self.cancel(request, obj)
        if name == "try_again":
            return self.try_again(request, obj)
        item = Item.objects.filter(project=obj, pk=item_id).first() if item_id else None
        act = action_named(name)
        if item is None or act is None:
            raise Http404
        return self.act_on_item(request, obj, item, act)

    def act_on_item(self, request: HttpRequest, project: Project, item: Item, act: BoardAction) -> HttpResponse:
        """Call the action's service on the item. Raises PermissionDenied."""
        if not request.user.has_perm("backlog.change_item"):
            raise PermissionDenied
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if act.needs_reason and not form.is_valid():
            return self.ask_reason(request, project, form, words=f"{act.words}: {item.title}")
        arguments: dict[str, Any] = {} if act.name == "dispatch" else {"by": request.user.get_username()}
        if act.needs_reason:
            arguments["reason"] = form.cleaned_data["reason"]
        try:
            with project_work() as work:
                act.service(work, item_in(work, item.pk), **arguments)
        except REFUSAL_ERRORS as error:
            return self.redirect_with_message(
                request, project, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR
            )
        done = _("Done – %(act)s: %(item)s.") % {"act": act.words, "item": item.title}
        return self.redirect_with_message(request, project, done, messages.SUCCESS)

    def cancel(self, request: HttpRequest, project: Project) -> HttpResponse:
        """Cancel the project, after asking for a reason. Raises PermissionDenied."""
        if not request.user.has_perm("backlog.change_project"):
            raise PermissionDenied
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return self.ask_reason(request, project, form, words=_("Cancel the project"))
        try:
            with project_work() as work:
                locked = project_of(work, project.pk)
                cancel_project(work, locked, reason=form.cleaned_data["reason"], by=request.user.get_username())
        except REFUSAL_ERRORS as error:
            return self.redirect_with_message(
                request, project, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR
            )
        return self.redirect_with_message(request, project, _("The project is cancelled."), messages.SUCCESS)

    def try_again(self, request: HttpRequest, project: Project) -> HttpResponse:
        """Let the next rounds of the clock try a project again that was set aside. Raises PermissionDenied."""
        if not request.user.has_perm("events.change_deadletter"):
            raise PermissionDenied
        for row in rounds.set_aside_rows(project.pk):
            rounds.retry_now(row)
        words = _("The project is tried again within a few seconds. If it fails again, it is shown here.")
        return self.redirect_with_message(request, project, words, messages.SUCCESS)

    def ask_reason(self, request: HttpRequest, project: Project, form: ReasonForm, *, words: str) -> TemplateResponse:
        """Return a page that asks for a reason; `words` is its title."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": words, "object": project}
        context |= {"form": form, "act": request.POST["act"]}
        return TemplateResponse(request, "admin/backlog/project/reason.html", context)

    def redirect_with_message(self, request: HttpRequest, project: Project, words: str, level: int) -> HttpResponse:
        """Redirect to the project's page and show the message there."""
        self.message_user(request, words, level)
        return HttpResponseRedirect(reverse("admin:backlog_project_change", args=[project.pk]))


def dependency_graph(items: list[Item]) -> SafeString:
    """Return the graph of the items and their dependencies; each node links to its card on the board."""
    nodes = [
        Node(i.key, translated(i.title), state=i.state.lower(), words=str(i.get_state_display()), href=f"#card-{i.key}")
        for i in items
    ]
    edges = [(before, item.key) for item in items for before in item.depends_on]
    return graph(_("What depends on what"), nodes, edges)
