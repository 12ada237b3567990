"""Admin pages of the quarantine: staff with the permission read what was refused as dangerous, and change nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lookups import FewLookups
from intake.models import QuarantinedFile

LONGEST_IN_LIST = 160


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(FewLookups):
    """The list of files in quarantine, newest first. No page hands such a file out."""

    change_form_template = "admin/read_only.html"
    change_list_template = "admin/read_only_list.html"
    list_display = ["quarantined_at", "name", "short_reason", "sender", "door", "size", "is_kept"]
    list_display_links = ["quarantined_at"]
    list_filter = ["quarantined_at"]
    linked_fields = ("sha256", "sender")
    search_fields = ["name", "sender", "sha256"]
    search_help_text = gettext_lazy("A part of the file's name, of who sent it, or of its SHA-256.")
    ordering = ["-quarantined_at", "-id"]
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
        texts = {"title": _("Quarantine"), "nothing_yet": _("No dangerous file was sent. Nothing has to be done here.")}
        return super().changelist_view(request, {**texts, **(extra_context or {})})

    @admin.display(description=gettext_lazy("reason"))
    def short_reason(self, record: QuarantinedFile) -> str:
        return Truncator(record.reason).chars(LONGEST_IN_LIST)
