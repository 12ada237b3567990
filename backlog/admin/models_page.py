"""The admin page of language models: the switch of an organisation, its budgets, and what was spent."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.organisations import Organisation
from accounts.people import signed_in_person
from accounts.walls import organisation_of
from backlog.flow.model_budget import least
from backlog.flow.model_switch import ModelsRefused, set_models, switch_of
from backlog.model_spending import spending_of
from backlog.models import ModelSwitch
from pages.admin_pages import ReadOnlyAdmin


class ModelsForm(forms.Form):
    """The switch and the budgets. An empty budget is that of the installation."""

    required_css_class = "required"

    is_on = forms.BooleanField(
        label=gettext_lazy("Ask language models"),
        required=False,
        help_text=gettext_lazy(
            "Reports of new projects then have texts that a model writes, marked as such. To write them, a model gets "
            "texts of requests and rows; names, addresses and numbers in them are masked as far as they are found. "
            "Switched off, no model is asked any more, also for projects that are under way."
        ),
    )
    day_usd = forms.DecimalField(
        label=gettext_lazy("Budget of a day, in US dollars"), required=False, min_value=0, decimal_places=2
    )
    month_usd = forms.DecimalField(
        label=gettext_lazy("Budget of a calendar month, in US dollars"), required=False, min_value=0, decimal_places=2
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        words = _("At most %(most)s, as the setting %(name)s says; empty: that much.")
        access = settings.MODELS
        self.fields["day_usd"].help_text = words % {"most": access.day_usd, "name": "LLM_DAY_USD"}
        self.fields["month_usd"].help_text = words % {"most": access.organisation_usd, "name": "LLM_ORGANISATION_USD"}


# Superusers alone have this permission.
SEES_ORGANISATIONS = "accounts.view_organisation"


@admin.register(ModelSwitch)
class ModelsAdmin(ReadOnlyAdmin):
    """One page in place of a list: the person's own organisation, or one that somebody above organisations picks."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_act_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the page; a POST changes the switch.

        Raises PermissionDenied, DisallowedModelAdminLookup for a parameter that the page does not take, and Http404 for
        an organisation that there is not.
        """
        if not self.has_act_permission(request):
            raise PermissionDenied
        if unknown := request.GET.keys() - {"organisation"}:
            raise DisallowedModelAdminLookup(f"This page takes no {sorted(unknown)[0][:40]!r}.")
        organisation = self.organisation_of(request)
        if request.method != "POST":
            switch = switch_of(organisation.pk)
            known = {"is_on": switch.is_on, "day_usd": switch.day_usd, "month_usd": switch.month_usd}
            return self.shown(request, organisation, ModelsForm(initial=known))
        form = ModelsForm(request.POST)
        if not form.is_valid() or not self.is_set(form, organisation):
            return self.shown(request, organisation, form)
        words = _("Language models are on.") if form.cleaned_data["is_on"] else _("Language models are off.")
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(f"{reverse('admin:backlog_modelswitch_changelist')}?organisation={organisation.pk}")

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead to the one page, which has everything."""
        return HttpResponseRedirect(reverse("admin:backlog_modelswitch_changelist"))

    def is_set(self, form: ModelsForm, organisation: Organisation) -> bool:
        """Set the switch as the form says; False, with the reason in the form, if that is refused."""
        try:
            set_models(organisation.pk, **form.cleaned_data)
        except ModelsRefused as error:
            form.add_error(error.field, str(error))
            return False
        return True

    def organisation_of(self, request: HttpRequest) -> Organisation:
        """Return the organisation whose page it is: the person's own, unless another one that they may meet is named.

        Raises Http404.
        """
        person = signed_in_person(request)
        wanted = request.GET.get("organisation", "")
        if not wanted or not person.has_perm(SEES_ORGANISATIONS):
            return Organisation.objects.get(pk=organisation_of(person))
        found = Organisation.objects.filter(pk=wanted).first() if wanted.isascii() and wanted.isdigit() else None
        if found is None:
            raise Http404
        return found

    def shown(self, request: HttpRequest, organisation: Organisation, form: ModelsForm) -> HttpResponse:
        """Return the page with this form, and what was spent."""
        person, access = signed_in_person(request), settings.MODELS
        others = Organisation.objects.all() if person.has_perm(SEES_ORGANISATIONS) else []
        switch, spending = switch_of(organisation.pk), spending_of(organisation.pk, timezone.now().date())
        budgets = (
            (_("Today"), spending.total.calls_today, spending.total.today_usd, spending.reserved_today_usd,
             least(access.day_usd, switch.day_usd)),
            (_("This month"), spending.total.calls_this_month, spending.total.this_month_usd,
             spending.reserved_this_month_usd, least(access.organisation_usd, switch.month_usd)),
        )  # fmt: skip
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Language models"),
            "form": form,
            "budgets_typed": [form["day_usd"], form["month_usd"]],
            "switch": switch,
            "access": access,
            "organisation": organisation,
            "organisations": others,
            "budgets": [line(*parts) for parts in budgets],
            "sums": [(_("By use"), _("Use"), [(use_in_words(s.name), s) for s in spending.by_use]),
                     (_("By model"), _("Model"), [(s.name, s) for s in spending.by_model])],
        }  # fmt: skip
        return TemplateResponse(request, "admin/backlog/models.html", context)


def line(title: str, calls: int, spent: float, reserved: float, budget: Any) -> dict[str, Any]:
    """Return one line of the table of budgets; what is reserved counts as spent."""
    left = max(0.0, float(budget) - spent - reserved)
    return {"title": title, "calls": calls, "spent": spent, "reserved": reserved, "budget": budget, "left": left}


def use_in_words(use: str) -> str:
    """Return what a prompt is used for, in words; its name for one that is not known here."""
    words = {
        "executive_summary": _("Executive summary"),
        "task_names": _("Names of recurring tasks"),
        "row_categories": _("Categories of unclear rows"),
        "requirements": _("Requirements with their sentences"),
        "test_design": _("Design of tests"),
        "development_draft": _("Draft of the steps"),
    }
    return words.get(use) or use
