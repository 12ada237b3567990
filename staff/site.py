"""The admin site of the staff: Django's admin with the overview as its home page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.people import signed_in_person
from staff.overview import overview_for


class InterlockAdminSite(AdminSite):
    """The admin site whose home page is the overview."""

    site_header = site_title = "Interlock"
    index_title = gettext_lazy("Overview")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Return the home page, with the parts of the overview that this person may see."""
        return super().index(request, {"overview": overview_for(signed_in_person(request)), **(extra_context or {})})

    def password_change(  # type: ignore[override]  # a redirect has no template
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the page on which everybody changes their own password."""
        return HttpResponseRedirect(reverse("change-password"))
