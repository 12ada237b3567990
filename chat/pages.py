"""The address of a question that a chat shows to anybody: it gives no right, and leads to a page after signing in."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.people import signed_in_person
from clarifications.models import Question


def question_address(question: Question) -> str:
    """Return the complete address that leads to the page of the question."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('chat:question', args=[question.pk])}"


@login_required
def lead_to_question(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Redirect to the question's page: that of the admin for staff, else that of the requesters."""
    is_staff = signed_in_person(request).is_staff
    return redirect("admin:clarifications_question_change" if is_staff else "portal:question", pk)
