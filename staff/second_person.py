"""The admin pages of acts that wait for a second person: who may confirm an act sees it here, and decides."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AskedAct
from accounts.people import signed_in_person
from accounts.rank import AccountRefused
from accounts.second_person.deciding import RIGHTS, SecondPersonRefused, expire, may_decide, reject
from accounts.walls import within_organisation
from backlog.waiving import waive_confirmed
from pages.admin_pages import REFUSAL_ERRORS, DetailAdmin, refusal_message
from pages.presentation import ago, state_word, translated
from privacy.erasing import erase_confirmed

CARRY_OUT = {"waive": waive_confirmed, "erase": erase_confirmed}
COLOURS = {"waiting": "blocked", "confirmed": "done", "rejected": "cancelled", "expired": "cancelled"}
REFUSALS = (SecondPersonRefused, AccountRefused, *REFUSAL_ERRORS)


@admin.register(AskedAct)
class AskedActAdmin(DetailAdmin):
    """The list of acts that wait, or waited, for a second person, and the page on which that person decides."""

    detail_template = "admin/accounts/askedact/detail.html"
    list_display = ["act", "of_what", "asked_by", "asked", "standing", "until", "settled_by"]
    list_filter = ["state", "act"]
    search_fields = ["title", "asked_by", "settled_by", "reason"]
    search_help_text = gettext_lazy("A part of what it is about, of a name or of the reason.")
    whole_ids = ()
    ordering = ["-asked_at", "-pk"]
    nothing_yet = gettext_lazy(
        "Nothing waits for a second person. Acts that the setting FOUR_EYES names appear here when somebody asks for "
        "them, and another person confirms or rejects them."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AskedAct]:
        """Return the acts of the person's organisation to which the person has the right."""
        person = signed_in_person(request)
        acts = [act for act, right in RIGHTS.items() if person.has_perm(right)]
        return within_organisation(person, AskedAct.objects.filter(act__in=acts)).select_related("asker")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list, after what has waited too long was settled as expired."""
        if self.has_view_permission(request):
            expire(self.get_queryset(request).filter(expires_at__lte=timezone.now()))
        return super().changelist_view(request, extra_context)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return True for who may see the page: the services say who may decide."""
        return self.has_view_permission(request)

    @admin.display(description=gettext_lazy("of what"), ordering="title")
    def of_what(self, asked: AskedAct) -> str:
        return translated(asked.title)

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, asked: AskedAct) -> SafeString:
        return ago(asked.asked_at)

    @admin.display(description=gettext_lazy("until"), ordering="expires_at")
    def until(self, asked: AskedAct) -> SafeString:
        return ago(asked.expires_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def standing(self, asked: AskedAct) -> SafeString:
        return state_word(COLOURS[asked.state], asked.get_state_display())

    def detail(self, request: HttpRequest, obj: AskedAct) -> dict[str, Any]:
        """Return whether the act waits still, and whether the person may decide."""
        waits = obj.state == AskedAct.State.WAITING and obj.expires_at > timezone.now()
        return {"waits": waits, "may_decide": waits and may_decide(obj, signed_in_person(request))}

    def act(self, request: HttpRequest, obj: AskedAct) -> HttpResponse:
        """Confirm or reject, as the pressed button says, and return to the list."""
        person = signed_in_person(request)
        try:
            if request.POST.get("decision") == "confirm":
                CARRY_OUT[obj.act](obj, by=person)
                messages.success(request, _("Confirmed and carried out: %(what)s.") % {"what": obj})
            else:
                reject(obj, by=person)
                messages.success(request, _("Rejected: %(what)s.") % {"what": obj})
        except REFUSALS as error:
            messages.error(request, refusal_message(obj, error))
        return HttpResponseRedirect(reverse("admin:accounts_askedact_changelist"))
