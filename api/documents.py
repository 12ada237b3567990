"""What the interface says of itself: the OpenAPI document, a page to read it on, and the AsyncAPI document."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from api.asyncapi import document

# The documents hold nothing that is anybody's.
OPEN: dict[str, Any] = {"permission_classes": [AllowAny], "authentication_classes": [], "throttle_classes": []}


@require_safe
def asyncapi(request: HttpRequest) -> JsonResponse:
    """The streams, in AsyncAPI 3."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(**OPEN), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(**OPEN, url_name="schema"), name="docs"),
    path("asyncapi/", asyncapi, name="asyncapi"),
]
