"""Admin pages of the quarantine: staff with the permission read what was refused as dangerous, and change nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intake.models import QuarantinedFile
from pages.admin_pages import ReadOnlyAdmin

LONGEST_IN_LIST = 160


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(ReadOnlyAdmin):
    """The list of files in quarantine, newest first. No page hands such a file out."""

    list_display = ["quarantined_at", "name", "short_reason", "sender", "door", "size", "is_kept"]
    list_display_links = ["quarantined_at"]
    list_filter = ["quarantined_at"]
    linked_fields = ("sha256", "sender")
    # A part of a SHA-256 can look like a UUID.
    whole_ids = ()
    search_fields = ["name", "sender", "sha256"]
    search_help_text = gettext_lazy("A part of the file's name, of who sent it, or of its SHA-256.")
    ordering = ["-quarantined_at", "-id"]
    nothing_yet = gettext_lazy("No dangerous file was sent. Nothing has to be done here.")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list page with its own title."""
        return super().changelist_view(request, {"title": _("Quarantine"), **(extra_context or {})})

    @admin.display(description=gettext_lazy("reason"))
    def short_reason(self, record: QuarantinedFile) -> str:
        return Truncator(record.reason).chars(LONGEST_IN_LIST)
