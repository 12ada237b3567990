"""The web's doors: the requester's pages, the staff's admin, one's own account, and the REST interface."""

from django.contrib import admin
from django.urls import include, path

from api.stored_rows import stored_rows

urlpatterns = [
    path("", include("portal.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("api/", include("api.documents")),
    path("artifacts/<str:token>", stored_rows, name="stored-rows"),
]
