"""The inbox: which questions wait for whom, in the order in which they fall due."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.people import person
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import mine, of_my_groups
from pages.presentation import ago, state_word

WAITING, MINE, GROUPS, OPEN, CLOSED = "", "mine", "groups", "all", "closed"
TABS = (
    (WAITING, gettext_lazy("Waiting for me")),
    (MINE, gettext_lazy("Held by me")),
    (GROUPS, gettext_lazy("My groups")),
    (OPEN, gettext_lazy("All open")),
    (CLOSED, gettext_lazy("Closed")),
)


class WhoseFilter(admin.SimpleListFilter):
    """Whose questions: shown as tabs above the list."""

    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [tab for tab in TABS if tab[0]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Question]) -> QuerySet[Question]:
        """Open questions by who they wait for; closed ones on their own tab."""
        whose, user = self.value() or WAITING, person(request)
        if whose == CLOSED:
            return queryset.exclude(status=QuestionStatus.OPEN)
        found = queryset.filter(status=QuestionStatus.OPEN)
        if whose == WAITING:
            return found.filter(mine(user) | of_my_groups(user))
        if whose == MINE:
            return found.filter(mine(user))
        return found.filter(of_my_groups(user)) if whose == GROUPS else found


class Inbox(ChangeList):
    """The list of questions, with its tabs."""

    def tabs(self) -> list[dict[str, Any]]:
        """Each tab's link, words, and whether it is the one shown."""
        shown = self.params.get("whose", WAITING)
        return [
            {"url": self.get_query_string({"whose": value} if value else {}, ["whose", "p"]), "words": words}
            | {"current": value == shown}
            for value, words in TABS
        ]


def ordering(request: HttpRequest) -> list[Any]:
    """The most urgent first; of the closed ones the latest."""
    if request.GET.get("whose") == CLOSED:
        return [F("closed_at").desc(), "id"]
    return ["due_at", "id"]


def due(question: Question) -> SafeString:
    """When it falls due, or that it is overdue; for a closed one when it was closed."""
    if question.status != QuestionStatus.OPEN:
        return ago(question.closed_at)
    if question.due_at >= timezone.now():
        return ago(question.due_at)
    return format_html("{} {}", state_word("overdue", _("Overdue")), ago(question.due_at))


def waits_for(question: Question) -> str:
    """The person who holds it, or the group it waits for, or anybody."""
    if question.assigned_to is not None:
        return str(question.assigned_to)
    return question.assigned_group or _("anybody")
