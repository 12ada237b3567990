"""The page on which a person turns notices on and off, and what their browser fetches for it."""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView

from accounts.people import signed_in_person
from devices.models import Device
from devices.push import public_key
from devices.services import subscribe, unsubscribe
from webhooks.errors import InvalidUrl


class PushPage(LoginRequiredMixin):
    """Base class of pages that there are only where notices are on."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Raise Http404 where they are off."""
        if not settings.PUSH:
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class Devices(PushPage, TemplateView):
    """The person's devices; a POST subscribes this one."""

    template_name = "devices/devices.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the devices, and the key to which a browser subscribes."""
        owned = Device.objects.filter(owner=signed_in_person(self.request))
        assert settings.PUSH is not None
        return super().get_context_data(devices=owned, public_key=public_key(settings.PUSH), **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Subscribe the browser that sends its address."""
        endpoint, name = request.POST.get("endpoint", ""), request.headers.get("User-Agent", "")
        try:
            subscribe(signed_in_person(request), endpoint=endpoint, name=name)
        except InvalidUrl as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("This device tells you when a question waits for you."))
        return redirect("devices")


class RemoveDevice(PushPage, View):
    """Ends the notices on one of the person's devices; by POST only."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Remove the device whose number is sent."""
        number = request.POST.get("device", "")
        if number.isdecimal() and unsubscribe(signed_in_person(request), int(number[:18])):
            messages.success(request, _("You get no notices on that device any more."))
        return redirect("devices")


@login_required
def lead_to_waiting(request: HttpRequest) -> HttpResponse:
    """Redirect to what waits for the person: the inbox of staff, else the person's requests."""
    is_staff = signed_in_person(request).is_staff
    return redirect("admin:clarifications_question_changelist" if is_staff else "portal:projects")


def worker(request: HttpRequest) -> HttpResponse:
    """Return the script that shows a notice, in the reader's language. It answers no request and keeps no page."""
    title, body = _("A question waits for you"), _("Open Interlock to see which.")
    notice = json.dumps({"title": title, "body": body, "address": reverse("waiting-on-device")})
    script = json.dumps(static("interlock/notices.js"))
    return HttpResponse(f"const notice = {notice};\nimportScripts({script});\n", content_type="text/javascript")


def manifest(request: HttpRequest) -> JsonResponse:
    """Return what a phone shows of Interlock on its home screen."""
    icon = {"src": static("interlock/mark.svg"), "sizes": "any", "type": "image/svg+xml"}
    about = {"name": "Interlock", "short_name": "Interlock", "start_url": "/", "scope": "/", "display": "standalone"}
    return JsonResponse({**about, "icons": [icon]}, content_type="application/manifest+json")
