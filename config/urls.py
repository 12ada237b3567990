"""The top-level addresses: requesters' pages, sign-in and account pages, the staff's admin, REST and stored rows."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from api.stored_rows import stored_rows

# A process in the background serves no page and has no allauth (config/sign_in_pages.py); it makes addresses for mails.
sign_in = [path("", include("signin.urls"))] if apps.is_installed("allauth.mfa") else []

handler400, handler500 = "api.failures.bad_request", "api.failures.failed"
urlpatterns = [
    path("", include("portal.urls")),
    *sign_in,
    path("", include("accounts.urls")),
    path("", include("pages.urls")),
    path("chat/", include("chat.urls")),
    path("", include("devices.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("api/", include("api.documents")),
    path("scim/v2/", include("scim.urls")),
    path("artifacts/<str:token>", stored_rows, name="stored-rows"),
]
