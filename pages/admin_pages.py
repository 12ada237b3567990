"""Base classes and helpers of all admin pages.

Rows are never edited by hand: people act through services. Lists stay fast on tables of any size.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.lookups import FewLookups
from accounts.typed_text import SHOW_AGAIN_METHOD
from events import streams
from events.deadletters import AlreadySettled
from events.errors import PermanentError

# A list counts its rows up to this number only: counting millions takes seconds, and nobody turns so many pages.
MOST_COUNTED = 10_000
LONGEST_TEXT = 10_000
MOST_NAMED = 20
REFUSAL_ERRORS = (PermanentError, AlreadySettled, *streams.BROKER_ERRORS)


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator for tables of any size: it counts at most MOST_COUNTED rows."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most MOST_COUNTED."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MOST_COUNTED].count()


class ReadOnlyAdmin(FewLookups):
    """An admin without adding, editing and deleting; people with the change permission act through services."""

    change_form_template = "admin/read_only.html"
    change_list_template = "admin/read_only_list.html"
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    whole_ids: tuple[str, ...] = ("pk",)  # the fields that a complete UUID is searched in, if any
    nothing_yet: Any = gettext_lazy("There is nothing here yet.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list page, with the model's plural name as its title."""
        title = capfirst(self.opts.verbose_name_plural)
        context = {"title": title, "nothing_yet": self.nothing_yet}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows with this id if the search term is a complete UUID, else those that have its words."""
        if self.whole_ids and (searched_id := complete_id(search_term)):
            return queryset.filter(Q(*((name, searched_id) for name in self.whole_ids), _connector=Q.OR)), False
        return super().get_search_results(request, queryset, search_term)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return True if the person may act on these objects through services (the model's change permission)."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))


class DetailAdmin(ReadOnlyAdmin):
    """A read-only admin whose objects have a page of their own, made from `detail_template` and `detail`."""

    detail_template = ""
    # True if `again` shows the typed text in the page's own form.
    shows_typed_text = False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the object's page; a POST goes to `act`. Raises PermissionDenied without the permission."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return super().change_view(request, object_id)
        if request.method == SHOW_AGAIN_METHOD and self.has_act_permission(request):
            return self.again(request, obj)
        if request.method != "POST":
            return self.page(request, obj)
        if not self.has_act_permission(request):
            raise PermissionDenied
        return self.act(request, obj)

    def act(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Do what was posted to the object's page. Raises PermissionDenied on pages where nothing can be done."""
        raise PermissionDenied

    def again(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Return the page without doing anything; the page shows the typed text if `shows_typed_text`."""
        return self.page(request, obj)

    def detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return the template context of the page beside the object itself."""
        return {}

    def page(self, request: HttpRequest, obj: Any, **more: Any) -> TemplateResponse:
        """Return the object's page; `more` overrides and extends its template context."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(obj), "object": obj}
        context |= {"may_act": self.has_act_permission(request), **self.detail(request, obj), **more}
        return TemplateResponse(request, self.detail_template, context)


class ReasonForm(forms.Form):
    """A form that asks a person for the reason of an action."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Your reason is kept on record with your name."),
    )

    def __init__(self, data: Any = None, *, prefix: str | None = None) -> None:
        super().__init__(data, prefix=prefix, label_suffix="")


def act_on_each(
    page: "admin.ModelAdmin[Any]",
    request: HttpRequest,
    chosen: QuerySet[Any],
    act: Callable[[Any], object],
    *,
    done: str,
) -> None:
    """Call `act` on each chosen object separately, and show messages about the results.

    One message, which begins with `done`, names the objects that succeeded; each refusal gets a message with its
    reason.
    """
    acted: list[str] = []
    refused: list[str] = []
    for obj in chosen:
        try:
            act(obj)
            acted.append(str(obj))
        except REFUSAL_ERRORS as error:
            refused.append(refusal_message(obj, error))
    if acted:
        page.message_user(request, f"{done}: {names_in_one_line(acted)}.", messages.SUCCESS)
    for words in [*refused[:MOST_NAMED], *count_of_further_refusals(refused)]:
        page.message_user(request, words, messages.ERROR)


def refusal_message(obj: Model, error: Exception) -> str:
    """Return the message for a person whose action on the object was refused by a service."""
    values = {"what": obj, "why": error}
    if str(obj) in str(error):
        return _("Nothing changed. %(why)s") % values
    return _("%(what)s: nothing changed. %(why)s") % values


def count_of_further_refusals(refused: list[str]) -> list[str]:
    """Return one line with the number of refusals beyond the first MOST_NAMED; an empty list if there are none."""
    count = len(refused) - MOST_NAMED
    return [ngettext("%(n)s more was refused.", "%(n)s more were refused.", count) % {"n": count}] if count > 0 else []


def act_on_each_with_reason(
    page: "admin.ModelAdmin[Any]",
    request: HttpRequest,
    chosen: QuerySet[Any],
    act: Callable[[Any, str], object],
    *,
    name: str,
    done: str,
) -> HttpResponse | None:
    """Ask for a reason on a page of its own, then call `act` with the reason on each chosen object.

    Returns the page with the form, or None once the objects were acted on. `name` is the admin action's name.
    """
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        act_on_each(page, request, chosen, lambda obj: act(obj, form.cleaned_data["reason"]), done=done)
        return None
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": dict(page.get_action_choices(request))[name],
        "form": form,
        "action": name,
        "selected": request.POST.getlist("_selected_action"),
        "select_across": request.POST.get("select_across", "0"),
        "chosen": [str(obj) for obj in chosen[:MOST_NAMED]],
        "chosen_count": chosen.count(),
    }
    return TemplateResponse(request, "admin/reason.html", context)


def complete_id(text: str) -> UUID | None:
    """Return the text as a UUID, or None if it is not a complete one."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def names_in_one_line(names: list[str]) -> str:
    """Return the names in one line: the first MOST_NAMED, then the number of further ones."""
    first_names = ", ".join(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return first_names
    return _("%(names)s and %(n)s more") % {"names": first_names, "n": len(names) - MOST_NAMED}


def json_as_html(value: Any) -> SafeString:
    """Return a JSON value as indented, escaped HTML of at most LONGEST_TEXT characters."""
    return text_as_html(json.dumps(value, indent=2, ensure_ascii=False))


def text_as_html(text: str) -> SafeString:
    """Return a text as escaped, preformatted HTML of at most LONGEST_TEXT characters; a dash for no text."""
    return format_html('<pre class="raw">{}</pre>', bounded_text(text)) if text else SafeString("–")


def bounded_text(text: str) -> str:
    """Return the first LONGEST_TEXT characters of the text, and a line with the number of those left out."""
    excess = len(text) - LONGEST_TEXT
    if excess <= 0:
        return text
    return f"{text[:LONGEST_TEXT]}\n" + _("… and %(n)s characters more") % {"n": excess}
