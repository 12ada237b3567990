"""What the interface says of itself: the OpenAPI document, a page to read it on, and the AsyncAPI document."""

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

# The documents hold nothing that is anybody's.
OPEN: dict[str, Any] = {"permission_classes": [AllowAny], "authentication_classes": []}
# (language, media type) → the document as it is sent: making it takes a second, and it changes with the code alone.
made: dict[tuple[str, str], bytes] = {}


class OpenApi(SpectacularAPIView):
    """The REST interface, in OpenAPI 3.1: made once a process, language and media type."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The document, or 304 for a reader that has it. `lang` is one of the languages there are."""
        language = request.query_params.get("lang", "")
        language = language if language in dict(settings.LANGUAGES) else get_language() or settings.LANGUAGE_CODE
        kind = request.accepted_renderer.media_type
        if (language, kind) not in made:
            with override(language):
                response: Any = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
            made[language, kind] = force_bytes(request.accepted_renderer.render(response.data, kind, {}))
        return sent(request, made[language, kind], kind)


@require_safe
def asyncapi(request: HttpRequest) -> HttpResponse:
    """The streams, in AsyncAPI 3."""
    kind = "application/json"
    if ("", kind) not in made:
        made["", kind] = json.dumps(document(), ensure_ascii=False).encode()
    return sent(request, made["", kind], kind)


def sent(request: Any, content: bytes, kind: str) -> HttpResponse:
    """The document with its ETag; nothing but that for a reader that has it."""
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(content, content_type=f"{kind}; charset=utf-8", headers={"ETag": etag})


urlpatterns = [
    path("schema/", OpenApi.as_view(**OPEN), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(**OPEN, url_name="schema"), name="docs"),
    path("asyncapi/", asyncapi, name="asyncapi"),
]
