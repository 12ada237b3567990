"""The web's doors: the requester's pages, the staff's admin, and one's own account."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("portal.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
