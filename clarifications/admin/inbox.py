"""The inbox of questions for staff: tabs by who a question waits for, earliest due date first."""

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

from accounts.people import signed_in_person
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import assigned_to_user, waits_for, waits_for_groups_of
from clarifications.standing_in import holders_in_words
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
    """The filter by who a question waits for; it is shown as tabs above the list."""

    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [tab for tab in TABS if tab[0]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Question]) -> QuerySet[Question]:
        """Return the questions of the chosen tab."""
        whose, user = self.value() or WAITING, signed_in_person(request)
        if whose == CLOSED:
            return queryset.exclude(status=QuestionStatus.OPEN)
        open_questions = queryset.filter(status=QuestionStatus.OPEN)
        if whose == WAITING:
            return open_questions.filter(waits_for(user))
        if whose == MINE:
            return open_questions.filter(assigned_to_user(user))
        return open_questions.filter(waits_for_groups_of(user)) if whose == GROUPS else open_questions


class Inbox(ChangeList):
    """The list of questions with its tabs."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page, and say of each that waits for somebody who is away that it does."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        away = holders_in_words(self.result_list, signed_in_person(request))
        for question in self.result_list:
            question.away = away.get(question.pk, "")

    def tabs(self) -> list[dict[str, Any]]:
        """Return for each tab its `url`, its `words`, and whether it is the `current` one."""
        current = self.params.get("whose", WAITING)
        return [
            {"url": self.get_query_string({"whose": value} if value else {}, ["whose", "p"]), "words": words}
            | {"current": value == current}
            for value, words in TABS
        ]


def ordering_of_tab(request: HttpRequest) -> list[Any]:
    """Return the ordering of the chosen tab: earliest due first, for closed questions the last closed first."""
    if request.GET.get("whose") == CLOSED:
        return [F("closed_at").desc(), "id"]
    return ["due_at", "id"]


def due_in_words(question: Question) -> SafeString:
    """Return when the question is due, marked if it is overdue; for a closed question, when it was closed."""
    if question.status != QuestionStatus.OPEN:
        return ago(question.closed_at)
    if question.due_at >= timezone.now():
        return ago(question.due_at)
    return format_html("{} {}", state_word("overdue", _("Overdue")), ago(question.due_at))


def holder_in_words(question: Question) -> str:
    """Return the name of the assigned person, else the assigned group, else “anybody”; and who of them is away."""
    if question.away:
        return question.away
    if question.assigned_to is not None:
        return str(question.assigned_to)
    return question.assigned_group or _("anybody")
