"""The addresses of the page of a person's devices, and of what a browser fetches for notices."""

from django.urls import path

from devices import pages

urlpatterns = [
    path("preferences/devices/", pages.Devices.as_view(), name="devices"),
    path("preferences/devices/remove/", pages.RemoveDevice.as_view(), name="remove-device"),
    path("devices/waiting/", pages.lead_to_waiting, name="waiting-on-device"),
    # At the root: a worker is in charge of the pages below its own address.
    path("notices.js", pages.worker, name="notices-worker"),
    path("app.webmanifest", pages.manifest, name="manifest"),
]
