"""The published descriptions: the OpenAPI document, the page that shows it, and the AsyncAPI document."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.encoding import force_bytes
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from api.asyncapi import document

# The documents hold no data of any account, so everybody may read them.
OPEN: dict[str, Any] = {"permission_classes": [AllowAny], "authentication_classes": []}
# (language, media type) → the encoded document. To make it takes a second, and it changes only with the code.
documents: dict[tuple[str, str], bytes] = {}


class OpenApi(SpectacularAPIView):
    """The OpenAPI 3.1 document of the REST interface, made once for each process, language and media type."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the document in the language `lang`, or 304 to a reader that sends its ETag."""
        language = request.query_params.get("lang", "")
        language = language if language in dict(settings.LANGUAGES) else get_language() or settings.LANGUAGE_CODE
        media_type = request.accepted_renderer.media_type
        if (language, media_type) not in documents:
            with override(language):
                response: Any = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
            documents[language, media_type] = force_bytes(
                request.accepted_renderer.render(response.data, media_type, {})
            )
        return document_response(request, documents[language, media_type], media_type)


@require_safe
def asyncapi(request: HttpRequest) -> HttpResponse:
    """Return the AsyncAPI 3 document of the streams."""
    media_type = "application/json"
    if ("", media_type) not in documents:
        documents["", media_type] = json.dumps(document(), ensure_ascii=False).encode()
    return document_response(request, documents["", media_type], media_type)


def document_response(request: Any, content: bytes, media_type: str) -> HttpResponse:
    """Return the document with its ETag, or 304 without a body to a reader that sends the same ETag."""
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(content, content_type=f"{media_type}; charset=utf-8", headers={"ETag": etag})


urlpatterns = [
    path("schema/", OpenApi.as_view(**OPEN), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(**OPEN, url_name="schema"), name="docs"),
    path("asyncapi/", asyncapi, name="asyncapi"),
]
