"""Events and dead letters for staff: to look at, to search, to replay or discard."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.admin_pages import (
    LONGEST_TEXT,
    ReadOnlyAdmin,
    carry_out,
    carry_out_with_reason,
    preformatted,
    pretty,
    whole_id,
)
from events.deadletters import discard, replay
from events.models import DeadLetter, Event
from schemas.registry import registry

# A character takes at most four bytes.
MOST_BYTES = 4
LONGEST_NAME = 200


class TypeFilter(admin.SimpleListFilter):
    """Event types as the contracts name them: no query over the ledger to find out."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in registry().event_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The ledger, newest first."""

    list_display = ["seq", "type", "project_id", "recorded_at", "handled_at", "published_at", "outcome_in_words"]
    list_filter = [TypeFilter, "outcome"]
    search_fields = ["event_id", "project_id", "correlation_id"]
    search_help_text = "The whole id of an event, a project or a correlation."
    ordering = ["-seq"]
    fields = [
        *("type", "version", "event_id", "project_id", "correlation_id", "caused_by", "service", "instance"),
        *("timestamp", "recorded_at", "handled_at", "outcome_in_words", "published_at", "publishes"),
        *("next_publish_at", "stream_id", "work_id", "payload_pretty"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Payloads may be large: they are read on an event's own page only."""
        found: QuerySet[Event] = super().get_queryset(request).defer("payload")
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Events with exactly this id, of this project, or of this correlation; words find nothing."""
        if not search_term:
            return queryset, False
        wanted = whole_id(search_term)
        if wanted is None:
            return queryset.none(), False
        found = queryset.filter(Q(event_id=wanted) | Q(project_id=wanted))
        return found if found.exists() else queryset.filter(correlation_id=wanted), False

    @admin.display(description="outcome")
    def outcome_in_words(self, event: Event) -> str:
        if event.handled_at is None:
            return "–"
        return event.get_outcome_display()

    @admin.display(description="caused by")
    def caused_by(self, event: Event) -> str | SafeString:
        if event.causation_id is None:
            return "–"
        url = reverse("admin:events_event_changelist", query={"q": str(event.causation_id)})
        return format_html('<a href="{}">{}</a>', url, event.causation_id)

    @admin.display(description="payload")
    def payload_pretty(self, event: Event) -> SafeString:
        return pretty(event.payload)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What could not be handled, open ones first."""

    list_display = ["id", "state", "event_type", "error_class", "short_reason", "group", "attempts", "last_seen"]
    list_filter = ["state"]
    search_fields = ["entry_id__exact", "event_type"]
    whole_ids = ("event_id",)
    search_help_text = "The whole id of an event or a stream entry, or a part of an event type."
    ordering = [Case(When(state=DeadLetter.State.OPEN, then=Value(0)), default=Value(1)), "-id"]
    actions = ["replay_entries", "discard_letters"]
    fields = [
        *("state", "note", "settled_at", "reason", "error_class", "schema_id", "event_type", "event_id"),
        *("stream", "entry_id", "group", "attempts", "first_seen", "last_seen", "published_at"),
        *("raw_fields", "trace_text"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Raw entries may be large: they are read when they are shown or replayed."""
        found: QuerySet[DeadLetter] = super().get_queryset(request).defer("raw", "trace")
        return found

    @admin.display(description="reason")
    def short_reason(self, letter: DeadLetter) -> str:
        return letter.reason if len(letter.reason) <= 120 else f"{letter.reason[:119]}…"

    @admin.display(description="raw entry")
    def raw_fields(self, letter: DeadLetter) -> SafeString:
        rows = (
            (readable(key, LONGEST_NAME), f"{len(value):,}", readable(value)) for key, value in letter.fields.items()
        )
        html = '<div><strong>{}</strong> ({} bytes)<pre class="raw">{}</pre></div>'
        return format_html_join("", html, rows) or SafeString("The entry had no fields.")

    @admin.display(description="trace")
    def trace_text(self, letter: DeadLetter) -> SafeString:
        return preformatted(letter.trace)

    @admin.action(description="Replay: put the entry on its stream again", permissions=["act"])
    def replay_entries(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        carry_out(self, request, queryset, lambda letter: replay(letter, by=name_of(request)), done="Replayed")

    @admin.action(description="Discard for good, with a reason", permissions=["act"])
    def discard_letters(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        def act(letter: DeadLetter, reason: str) -> None:
            discard(letter, by=name_of(request), why=reason)

        return carry_out_with_reason(self, request, queryset, act, name="discard_letters", done="Discarded")


def name_of(request: HttpRequest) -> str:
    """The name that goes on record for what the person does."""
    return str(request.user.get_username())


def readable(raw: bytes, longest: int = LONGEST_TEXT) -> str:
    """The beginning of the bytes as text; what is not UTF-8 shows as escapes."""
    text = raw[: longest * MOST_BYTES].decode(errors="backslashreplace")
    whole = len(text) <= longest and len(raw) <= longest * MOST_BYTES
    return text if whole else f"{text[:longest]}…"
