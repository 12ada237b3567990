"""The top-level addresses: requesters' pages, sign-in and account pages, the staff's admin, REST and stored rows."""

from django.contrib import admin
from django.urls import include, path

from api.stored_rows import stored_rows

urlpatterns = [
    path("", include("portal.urls")),
    path("", include("signin.urls")),
    path("", include("accounts.urls")),
    path("", include("pages.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("api/", include("api.documents")),
    path("artifacts/<str:token>", stored_rows, name="stored-rows"),
]
