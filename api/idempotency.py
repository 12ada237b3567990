"""A POST that is sent twice takes effect once: its answer is kept with the effect, in one transaction."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import User
from api.models import KeptAnswer
from api.problems import Refused
from api.waiting import AGAIN

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 200
KEPT_FOR = timedelta(hours=24)
# Headers that a repeated answer has again.
KEPT_HEADERS = ("Location", "ETag")

Handler = Callable[..., Response]


def once(handler: Handler, key: str) -> Handler:
    """The handler, which for the same account, key and request runs once; its first answer is given again."""

    def answered(request: Request, *args: Any, **kwargs: Any) -> Response:
        if len(key) > LONGEST_KEY or not key.isprintable():
            words = _("%(header)s is at most %(n)s printable characters.") % {"header": HEADER, "n": LONGEST_KEY}
            raise Refused(400, "invalid-idempotency-key", words)
        assert isinstance(request.user, User)
        said = fingerprint(request)
        # The row is the lock: a second request with the key waits here for the first one's commit.
        with transaction.atomic():
            kept, is_new = row(request.user, key, said)
            if not is_new:
                return again(kept, said)
            response = handler(request, *args, **kwargs)
            if AGAIN in response.headers:
                kept.delete()
            else:
                keep(kept, response)
            return response

    return answered


def row(user: User, key: str, said: str) -> tuple[KeptAnswer, bool]:
    """The row of the key, and whether it was made now; the account's rows past their time are deleted."""
    KeptAnswer.objects.filter(user=user, created_at__lt=timezone.now() - KEPT_FOR).delete()
    return KeptAnswer.objects.get_or_create(user=user, key=key, defaults={"digest": said})


def again(kept: KeptAnswer, said: str) -> Response:
    """The first answer. Raises Refused when it was the answer to something else."""
    if kept.digest != said:
        words = _("This %(header)s was used before, for another request: take a new one.") % {"header": HEADER}
        raise Refused(422, "idempotency-key-reused", words)
    return Response(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})


def keep(kept: KeptAnswer, response: Response) -> None:
    """Remember the answer as it goes out."""
    kept.status = response.status_code
    kept.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    kept.body = orjson.loads(orjson.dumps(response.data, default=JSONEncoder().default))
    kept.save(update_fields=["status", "headers", "body"])


def fingerprint(request: Request) -> str:
    """What is asked for: method, path, and the body as it was read, files by their content."""
    said = request.data
    if isinstance(said, dict):
        said = {name: value for name, value in said.items() if name not in request.FILES}
    parts = [request.method, request.path, said]
    hashed = hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str))
    for name, file in sorted(request.FILES.items()):
        hashed.update(name.encode())
        for chunk in file.chunks():
            hashed.update(chunk)
        file.seek(0)
    return hashed.hexdigest()
