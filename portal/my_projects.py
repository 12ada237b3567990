"""The start page: the questions that wait for the person, and the person's requests."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.people import signed_in_person
from backlog.states import ProjectStatus
from portal.selectors import own_projects, own_questions

A_PAGE = 25
LAST_PAGE = 400
MOST_QUESTIONS = 6
LONGEST_SEARCH = 200


class MyProjects(LoginRequiredMixin, View):
    """The person's requests, newest first; two queries, however many there are."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page; the parameters `q`, `state` and `page` filter and page the requests."""
        user = signed_in_person(request)
        words = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
        state = request.GET.get("state", "")
        status = state if state in ProjectStatus.values else ""
        page = page_number(request.GET.get("page", ""))
        start = (page - 1) * A_PAGE
        projects = list(own_projects(user, slice(start, start + A_PAGE + 1), words=words, status=status))
        questions = list(own_questions(user)[: MOST_QUESTIONS + 1])
        context = {
            "projects": projects[:A_PAGE],
            "questions": questions[:MOST_QUESTIONS],
            "more_questions": len(questions) > MOST_QUESTIONS,
            "q": words,
            "state": status,
            "states": ProjectStatus.choices,
            "newer": page_query(words, status, page - 1) if page > 1 else "",
            "older": page_query(words, status, page + 1) if len(projects) > A_PAGE and page < LAST_PAGE else "",
            "page": page,
            "may_ask": user.has_perm("backlog.add_project"),
        }
        return render(request, "portal/projects.html", context)


def page_number(text: str) -> int:
    """Return the page number in the text, from 1 to LAST_PAGE; 1 if the text is no number."""
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def page_query(words: str, status: str, page: int) -> str:
    """Return the query string of a page with the same search and filter."""
    parameters: dict[str, Any] = {"q": words, "state": status, "page": page if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in parameters.items() if value})
