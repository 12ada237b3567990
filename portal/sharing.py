"""The page on which people share a report by a link, and revoke such links."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.people import signed_in_person
from portal.project_page import project_for
from reports.models import LONGEST_NOTE
from reports.sharing import MOST_DAYS, SharingRefused, links_of, make_link, may_share, revoke_link, shared_address


class LinkForm(forms.Form):
    """What a person says when they make a link."""

    note = forms.CharField(
        label=gettext_lazy("For whom"),
        max_length=LONGEST_NOTE,
        required=False,
        help_text=gettext_lazy("So that you know later which link to revoke, such as “management board”."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=lambda: settings.SHARED_LINK_DAYS,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")


class ShareReport(LoginRequiredMixin, View):
    """The links of a project's report, and the form that makes one."""

    http_method_names = ["get", "head", "post", "again"]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page. Raises Http404 unless the person may see the project."""
        return self.page(pk, LinkForm())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make a link and show its address, once; or show the form with what is wrong."""
        form, project = LinkForm(request.POST), project_for(request, pk)
        if not form.is_valid():
            return self.page(pk, form)
        given = form.cleaned_data
        try:
            _link, token = make_link(project, by=signed_in_person(request), days=given["days"], note=given["note"])
        except SharingRefused as error:
            messages.error(request, str(error))
            return self.page(pk, form)
        # Not after a redirect: the address is stored nowhere, so only this response can show it.
        return self.page(pk, LinkForm(), address=shared_address(token, base=request.build_absolute_uri("/")))

    def again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the form with the typed text, without making a link."""
        return self.page(pk, LinkForm(request.POST))

    def page(self, pk: UUID, form: LinkForm, address: str = "") -> HttpResponse:
        """Return the page with the form, and the address of a link that was just made."""
        project = project_for(self.request, pk)
        context: dict[str, Any] = {
            "project": project,
            "form": form,
            "forms": [form],
            "address": address,
            "links": links_of(project),
            "may_share": may_share(signed_in_person(self.request), project),
        }
        return render(self.request, "portal/share.html", context)


class RevokeLink(LoginRequiredMixin, View):
    """Revokes a link."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID, link: UUID) -> HttpResponse:
        """Revoke the link and redirect to the list. Raises Http404 unless the person may see the project."""
        project = project_for(request, pk)
        found = get_object_or_404(links_of(project).select_related("project"), pk=link)
        try:
            revoke_link(found, by=signed_in_person(request))
        except SharingRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The link is revoked: it shows nothing any more."))
        return redirect("portal:share", pk=pk)
