"""The admin pages of events, dead letters and projects set aside: search them, repair, replay or discard them.

The pages of questions and projects, with reports, are in `staff.reviewing`.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Model, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import rounds
from events.deadletters import discard, replay
from events.deadletters.repair import (
    editable_text,
    explanation,
    findings,
    ledger_refusal_in_words,
    marked_lines,
    visible_text,
)
from events.envelope import from_wire
from events.errors import PermanentError
from events.models import DeadLetter, Event, SetAside
from pages.admin_pages import (
    LONGEST_TEXT,
    REFUSAL_ERRORS,
    DetailAdmin,
    ReadOnlyAdmin,
    ReasonForm,
    act_on_each,
    act_on_each_with_reason,
    complete_id,
    json_as_html,
    text_as_html,
)
from pages.presentation import ago, state_word
from schemas.registry import registry
from schemas.strict_json import MAX_BYTES
from staff import organisations as organisations  # registers its pages
from staff import people as people  # registers its pages
from staff import producers as producers  # registers its pages
from staff import reviewing as reviewing  # registers its pages
from staff import roles as roles  # registers its pages
from staff import second_person as second_person  # registers its pages
from staff.forms import EventForm

# The largest size of a UTF-8 character.
MOST_BYTES = 4
LONGEST_NAME = 200
LONGEST_REASON = 120
# An event of more characters is put into the editor only on request (`?edit`).
LONGEST_AT_ONCE = 20_000


class TypeFilter(admin.SimpleListFilter):
    """A filter by event type. The choices come from the contracts, which avoids a query over the whole ledger."""

    title = gettext_lazy("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in registry().event_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The pages of the ledger, newest event first."""

    list_display = ["seq", "type", "project_id", "recorded_at", "outcome_in_words"]
    list_filter = [TypeFilter, "outcome"]
    search_fields = ["event_id", "project_id"]
    search_help_text = gettext_lazy("The whole id of an event or of a project.")
    ordering = ["-seq"]
    fields = [
        *("type", "version", "event_id", "project_id", "correlation_id", "caused_by", "service", "instance"),
        *("timestamp", "recorded_at", "outcome_in_words", "stream_id", "payload_pretty"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Return the events without their payloads, which may be large: an event's own page loads its payload."""
        events: QuerySet[Event] = super().get_queryset(request).defer("payload")
        return events

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Return the events with this id or of this project, else of this correlation; no events for other words."""
        if not search_term:
            return queryset, False
        searched_id = complete_id(search_term)
        if searched_id is None:
            return queryset.none(), False
        matches = queryset.filter(Q(event_id=searched_id) | Q(project_id=searched_id))
        return matches if matches.exists() else queryset.filter(correlation_id=searched_id), False

    @admin.display(description=gettext_lazy("outcome"))
    def outcome_in_words(self, event: Event) -> str:
        return event.get_outcome_display()

    @admin.display(description=gettext_lazy("caused by"))
    def caused_by(self, event: Event) -> str | SafeString:
        if event.causation_id is None:
            return "–"
        url = reverse("admin:events_event_changelist", query={"q": str(event.causation_id)})
        return format_html('<a href="{}">{}</a>', url, event.causation_id)

    @admin.display(description=gettext_lazy("payload"))
    def payload_pretty(self, event: Event) -> SafeString:
        return json_as_html(event.payload)


@admin.register(DeadLetter)
class DeadLetterAdmin(DetailAdmin):
    """The pages of the dead letters, open ones first; on a dead letter's own page people repair and replay it."""

    detail_template = "admin/events/deadletter/detail.html"
    change_list_template = "admin/events/deadletter/list.html"
    list_display = ["standing", "what", "short_reason", "seen", "attempts"]
    list_display_links = ["what"]
    list_filter = ["state"]
    search_fields = ["entry_id__exact", "event_type"]
    whole_ids = ("event_id",)
    search_help_text = gettext_lazy("The whole id of an event or a stream entry, or a part of an event type.")
    nothing_yet = gettext_lazy("There are no dead letters: every entry was handled.")
    ordering = [Case(When(state=DeadLetter.State.OPEN, then=Value(0)), default=Value(1)), "-id"]
    actions = ["replay_entries", "discard_letters"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Return the dead letters without their raw entries, which may be large and are loaded when needed."""
        letters: QuerySet[DeadLetter] = super().get_queryset(request).defer("raw", "edited", "trace")
        return letters

    # -- the list ----------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("state"), ordering="state")
    def standing(self, letter: DeadLetter) -> SafeString:
        return state_word(letter.state, letter.get_state_display())

    @admin.display(description=gettext_lazy("what it is"), ordering="event_type")
    def what(self, letter: DeadLetter) -> str:
        return name_in_words(letter)

    @admin.display(description=gettext_lazy("reason"))
    def short_reason(self, letter: DeadLetter) -> str:
        return visible_text(letter.reason, longest=LONGEST_REASON)

    @admin.display(description=gettext_lazy("when"), ordering="last_seen")
    def seen(self, letter: DeadLetter) -> SafeString:
        return ago(letter.last_seen)

    @admin.action(description=gettext_lazy("Replay: put the entry on its stream again"), permissions=["act"])
    def replay_entries(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        act_on_each(self, request, queryset, lambda letter: replay(letter, by=name_of(request)), done=_("Replayed"))

    @admin.action(description=gettext_lazy("Discard for good, with a reason"), permissions=["act"])
    def discard_letters(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        def act(letter: DeadLetter, reason: str) -> None:
            discard(letter, by=name_of(request), why=reason)

        return act_on_each_with_reason(self, request, queryset, act, name="discard_letters", done=_("Discarded"))

    # -- a dead letter's page ----------------------------------------------------------------------
    def detail(self, request: HttpRequest, obj: DeadLetter) -> dict[str, Any]:
        """Return why the entry was buried, what the contracts say against it now, and the form to edit its event."""
        fields = obj.fields
        raw = fields.get(b"event", b"")
        faults, text, known = findings(raw), editable_text(raw), reason_without_effect(raw)
        too_long = len(raw) > MAX_BYTES
        at_once = not too_long and (len(text) <= LONGEST_AT_ONCE or "edit" in request.GET)
        return {
            "title": _("Dead letter %(id)s: %(what)s") % {"id": obj.pk, "what": name_in_words(obj)},
            "is_open": obj.state == DeadLetter.State.OPEN,
            "why": explanation(obj.error_class),
            "findings": faults,
            "lines": marked_lines(raw, faults, longest=LONGEST_TEXT),
            "size": grouped(len(raw)),
            "others": [
                (readable(name, LONGEST_NAME), grouped(len(value)), readable(value))
                for name, value in fields.items()
                if name != b"event"
            ],
            "known_already": known,
            "form": EventForm(initial={"event": text, "new_id": bool(known)}) if at_once else None,
            "too_long": too_long,
            "discard_form": ReasonForm(),
            "trace": text_as_html(obj.trace),
            "edited": readable(bytes(obj.edited)) if obj.edited is not None else "",
        }

    def act(self, request: HttpRequest, obj: DeadLetter) -> HttpResponse:
        """Do what the pressed button says: replay or discard the entry, or check or replay the edited event."""
        by = name_of(request)
        if "replay" in request.POST:
            return self.settle(request, obj, lambda: replay(obj, by=by), words=_("Replayed unchanged."))
        if "discard" in request.POST:
            reason = ReasonForm(request.POST)
            if not reason.is_valid():
                return self.page(request, obj, discard_form=reason)
            why = reason.cleaned_data["reason"]
            return self.settle(request, obj, lambda: discard(obj, by=by, why=why), words=_("Discarded."))
        return self.edit(request, obj, by=by)

    def edit(self, request: HttpRequest, obj: DeadLetter, *, by: str) -> HttpResponse:
        """Check the edited event, and replay it if the button `save` was pressed."""
        form = EventForm(request.POST)
        if not form.is_valid():
            return self.page(request, obj, form=form)
        if "save" not in request.POST:
            return self.page(request, obj, form=form, accepted=True)
        event = form.cleaned_data["event"]
        words = _("Replayed as you edited it. The original entry is kept unchanged.")
        return self.settle(request, obj, lambda: replay(obj, by=by, event=event), words=words, form=form)

    def settle(
        self, request: HttpRequest, obj: DeadLetter, act: Callable[[], object], *, words: str, **typed: EventForm
    ) -> HttpResponse:
        """Call `act` and redirect to the dead letter; if it is refused, return the page with its present state.

        `typed` is the form with the person's text, for that page.
        """
        try:
            act()
        except REFUSAL_ERRORS as error:
            self.message_user(request, _("Nothing changed. %(why)s") % {"why": error}, messages.ERROR)
            return self.page(request, DeadLetter.objects.get(pk=obj.pk), **typed)
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:events_deadletter_change", args=[obj.pk]))


@admin.register(SetAside)
class SetAsideAdmin(ReadOnlyAdmin):
    """The pages of projects for which a round of the clock failed.

    The permissions are those of dead letters: who may see these may see the projects, who may settle these may retry.
    """

    list_display = ["project_id", "round", "short_reason", "failures", "since", "next_try"]
    list_filter = ["round"]
    whole_ids = ("project_id",)
    search_fields = ["round"]
    nothing_yet = gettext_lazy("No project is set aside: everything that was due has been done.")
    ordering = ["next_try_at"]
    actions = ["try_again"]
    fields = ["project_id", "round", "reason", "failures", "first_seen", "last_seen", "next_try_at", "trace"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("events.view_deadletter") or self.has_act_permission(request))

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("events.change_deadletter"))

    @admin.display(description=gettext_lazy("reason"))
    def short_reason(self, row: SetAside) -> str:
        return visible_text(row.reason, longest=LONGEST_REASON)

    @admin.display(description=gettext_lazy("since"), ordering="first_seen")
    def since(self, row: SetAside) -> SafeString:
        return ago(row.first_seen)

    @admin.display(description=gettext_lazy("next try"), ordering="next_try_at")
    def next_try(self, row: SetAside) -> SafeString:
        return ago(row.next_try_at)

    @admin.action(description=gettext_lazy("Try again now"), permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[SetAside]) -> None:
        act_on_each(self, request, queryset, rounds.retry_now, done=_("To be tried again"))


def name_in_words(letter: DeadLetter) -> str:
    """Return the event type of the dead letter, or a phrase if the type could not be read."""
    return visible_text(letter.event_type, longest=LONGEST_NAME) or _("An entry that cannot be read")


def reason_without_effect(raw: bytes) -> str:
    """Return why a replay of the unchanged event would have no effect; empty if it would have one, or is no event."""
    try:
        return ledger_refusal_in_words(from_wire(raw))
    except PermanentError:
        return ""


def grouped(count: int) -> str:
    """Return the number with grouped thousands, in the reader's format."""
    return number_format(count, force_grouping=True)


def name_of(request: HttpRequest) -> str:
    """Return the user name that is recorded for the person's actions."""
    return str(request.user.get_username())


def readable(raw: bytes, longest: int = LONGEST_TEXT) -> str:
    """Return at most `longest` characters of the bytes as text; invalid UTF-8 and invisible signs become escapes."""
    text = raw[: longest * MOST_BYTES].decode(errors="backslashreplace")
    is_complete = len(text) <= longest and len(raw) <= longest * MOST_BYTES
    return visible_text(text, longest=longest) if is_complete else f"{visible_text(text[:longest], longest=longest)}…"
