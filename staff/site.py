"""The admin site of the staff: Django's admin with the overview as its home page."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import AdminSite, autodiscover
from django.core.checks import CheckMessage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from accounts.people import signed_in_person
from staff.overview import overview_for


class InterlockAdminSite(AdminSite):
    """The admin site whose home page is the overview; it loads the pages of all rooms when they are asked for."""

    site_header = site_title = "Interlock"
    index_title = gettext_lazy("Overview")
    # The links are at the top of each page. So no page loads the styles and the script of Django's sidebar.
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        """Return the addresses of every page."""
        autodiscover()
        return super().get_urls()

    def check(self, app_configs: Sequence[AppConfig] | None) -> list[CheckMessage]:
        """Return what is wrong with the pages."""
        autodiscover()
        return super().check(app_configs)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Return the list of all pages that the person may see; it is made only if the page shows it: most do not."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Return the home page, with the parts of the overview that this person may see."""
        return super().index(request, {"overview": overview_for(signed_in_person(request)), **(extra_context or {})})

    def password_change(  # type: ignore[override]  # a redirect has no template
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the page on which everybody changes their own password."""
        return HttpResponseRedirect(reverse("change-password"))
