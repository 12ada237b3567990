"""Admin pages of the audit log: administrators can read and search it, and change nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import AuditRecord
from accounts.lookups import FewLookups

LONGEST_IN_LIST = 160


@admin.register(AuditRecord)
class AuditRecordAdmin(FewLookups):
    """The list of acts on accounts, roles, keys and webhooks, newest first."""

    change_form_template = "admin/read_only.html"
    change_list_template = "admin/read_only_list.html"
    list_display = ["recorded_at", "action", "who", "to_whom", "short_details", "address", "count"]
    list_display_links = ["recorded_at"]
    list_filter = ["action", "recorded_at"]
    linked_fields = ("actor", "target")
    search_fields = ["actor", "target", "address", "details"]
    search_help_text = gettext_lazy("A part of a name, an address or the details.")
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list page with its own title."""
        texts = {"title": _("Audit log"), "nothing_yet": _("There is nothing here yet.")}
        return super().changelist_view(request, {**texts, **(extra_context or {})})

    @admin.display(description=gettext_lazy("who"), ordering="actor")
    def who(self, record: AuditRecord) -> str | SafeString:
        return filter_link("actor", record.actor) if record.actor else _("Nobody signed in")

    @admin.display(description=gettext_lazy("to whom"), ordering="target")
    def to_whom(self, record: AuditRecord) -> str | SafeString:
        return filter_link("target", record.target) if record.target else _("Other names")

    @admin.display(description=gettext_lazy("details"))
    def short_details(self, record: AuditRecord) -> str:
        return Truncator(record.details).chars(LONGEST_IN_LIST)


def filter_link(field: str, name: str) -> SafeString:
    """Return the name as a link to all rows of the log with this name in the field."""
    url = reverse("admin:accounts_auditrecord_changelist", query={field: name})
    return format_html('<a href="{}">{}</a>', url, name)
