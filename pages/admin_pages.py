"""What the admin's pages share: nothing is edited by hand, lists stay quick, acts go through services."""

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
from accounts.typed_text import AGAIN
from events import streams
from events.deadletters import AlreadySettled
from events.errors import PermanentError

# A list counts no further: counting a table of millions takes seconds, and nobody pages that far.
MOST_COUNTED = 10_000
LONGEST_TEXT = 10_000
MOST_NAMED = 20
REFUSALS = (PermanentError, AlreadySettled, *streams.BROKER_ERRORS)


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a table of any size."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to a bound."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MOST_COUNTED].count()


class ReadOnlyAdmin(FewLookups):
    """Nothing is added, changed or deleted by hand: who may change the model has services do it."""

    change_form_template = "admin/read_only.html"
    change_list_template = "admin/read_only_list.html"
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    whole_ids: tuple[str, ...] = ("pk",)  # the fields in which a whole UUID is searched for
    nothing_yet: Any = gettext_lazy("There is nothing here yet.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name of what it lists."""
        title = capfirst(self.opts.verbose_name_plural)
        shown = {"title": title, "nothing_yet": self.nothing_yet}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What has the whole id, or else what has the words."""
        if wanted := whole_id(search_term):
            return queryset.filter(Q(*((name, wanted) for name in self.whole_ids), _connector=Q.OR)), False
        return super().get_search_results(request, queryset, search_term)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether the person may have services change these objects."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))


class DetailAdmin(ReadOnlyAdmin):
    """Each object has a page of its own, made from `detail_template` and `detail`."""

    detail_template = ""
    # Whether `again` shows what was typed.
    shows_typed_text = False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's page; what is posted to it goes to `act`."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return super().change_view(request, object_id)
        if request.method == AGAIN and self.has_act_permission(request):
            return self.again(request, obj)
        if request.method != "POST":
            return self.page(request, obj)
        if not self.has_act_permission(request):
            raise PermissionDenied
        return self.act(request, obj)

    def act(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Do what was posted to the object's page; where nothing can be, refuse."""
        raise PermissionDenied

    def again(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """The page, with what was typed where `shows_typed_text`; nothing is done."""
        return self.page(request, obj)

    def detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page shows beside the object."""
        return {}

    def page(self, request: HttpRequest, obj: Any, **more: Any) -> TemplateResponse:
        """The object's page, with more to show than usual where given."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(obj), "object": obj}
        context |= {"may_act": self.has_act_permission(request), **self.detail(request, obj), **more}
        return TemplateResponse(request, self.detail_template, context)


class ReasonForm(forms.Form):
    """Why somebody does what they are about to do."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Your reason is kept on record with your name."),
    )

    def __init__(self, data: Any = None, *, prefix: str | None = None) -> None:
        super().__init__(data, prefix=prefix, label_suffix="")


def carry_out(
    page: ReadOnlyAdmin, request: HttpRequest, chosen: QuerySet[Any], act: Callable[[Any], object], *, done: str
) -> None:
    """Act on each object by itself: one message names what was done, and every refusal says why."""
    acted: list[str] = []
    refused: list[str] = []
    for obj in chosen:
        try:
            act(obj)
            acted.append(str(obj))
        except REFUSALS as error:
            refused.append(refusal(obj, error))
    if acted:
        page.message_user(request, f"{done}: {listed(acted)}.", messages.SUCCESS)
    for words in [*refused[:MOST_NAMED], *summary_of_rest(refused)]:
        page.message_user(request, words, messages.ERROR)


def refusal(obj: Model, error: Exception) -> str:
    """What a person is told when a service refused."""
    said = {"what": obj, "why": error}
    if str(obj) in str(error):
        return _("Nothing changed. %(why)s") % said
    return _("%(what)s: nothing changed. %(why)s") % said


def summary_of_rest(refused: list[str]) -> list[str]:
    """One line for the refusals that there are too many of to tell."""
    rest = len(refused) - MOST_NAMED
    return [ngettext("%(n)s more was refused.", "%(n)s more were refused.", rest) % {"n": rest}] if rest > 0 else []


def carry_out_with_reason(
    page: ReadOnlyAdmin,
    request: HttpRequest,
    chosen: QuerySet[Any],
    act: Callable[[Any, str], object],
    *,
    name: str,
    done: str,
) -> HttpResponse | None:
    """Ask for the reason on a page of its own, then act on each object. `name` is the action's."""
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        carry_out(page, request, chosen, lambda obj: act(obj, form.cleaned_data["reason"]), done=done)
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


def whole_id(text: str) -> UUID | None:
    """The UUID that the text is, if it is one."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def listed(names: list[str]) -> str:
    """The names in one line, the first twenty of them."""
    named = ", ".join(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return named
    return _("%(names)s and %(n)s more") % {"names": named, "n": len(names) - MOST_NAMED}


def pretty(value: Any) -> SafeString:
    """A JSON value indented for reading, escaped and of bounded length."""
    return preformatted(json.dumps(value, indent=2, ensure_ascii=False))


def preformatted(text: str) -> SafeString:
    """A text as it is, escaped and of bounded length."""
    return format_html('<pre class="raw">{}</pre>', bounded(text)) if text else SafeString("–")


def bounded(text: str) -> str:
    """The text's beginning, and how much of it is left off."""
    left = len(text) - LONGEST_TEXT
    if left <= 0:
        return text
    return f"{text[:LONGEST_TEXT]}\n" + _("… and %(n)s characters more") % {"n": left}
