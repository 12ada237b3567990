"""A Django view that does nothing, behind the product's own server and middleware: what any request costs."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.ROOT_URLCONF = "benchmarks.bare"
django.setup(set_prefix=False)

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

from runtime.routing import WEB_THREADS  # noqa: E402
from runtime.threads import Threads  # noqa: E402
from runtime.web import serve  # noqa: E402


def bare(request: HttpRequest) -> JsonResponse:
    """An empty object."""
    return JsonResponse({})


urlpatterns = [path("bare", bare)]
application = Threads(get_wsgi_application(), workers=WEB_THREADS)

if __name__ == "__main__":
    serve("benchmarks.bare:application", address=sys.argv[1], instead="python -m benchmarks.bare {}", shared=True)
