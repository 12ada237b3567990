"""The staff's admin: Django's, with the overview as its home."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy

from accounts.people import person
from staff.overview import overview


class InterlockAdminSite(AdminSite):
    """The admin whose home says what waits, what is under way and what is stuck."""

    site_header = site_title = "Interlock"
    index_title = gettext_lazy("Overview")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The home page, with what this person may see of the overview."""
        return super().index(request, {"overview": overview(person(request)), **(extra_context or {})})
