"""A POST that is sent twice takes effect once: its answer is kept with the effect, in one transaction.

What is slow and has no effect yet, such as reading a file, is done before that transaction, under a claim that others
see: they are told that the request is under way.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

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
# Longer than the wait for a place and the reading of a file together: whoever claimed before is gone.
LONGEST_CLAIM = timedelta(seconds=120)
AGAIN_SECONDS = 5
# Headers that a repeated answer has again.
KEPT_HEADERS = ("Location", "ETag")

Handler = Callable[..., Response]


class Slow(Protocol):
    """An endpoint whose POST may have something slow to do before its effect."""

    def is_slow(self) -> bool:
        """Whether it has, for this request."""

    def prepared(self) -> Any:
        """Do it, once."""


def once(handler: Handler, key: str, endpoint: Slow) -> Handler:
    """The handler, which for the same account, key and request runs once; its first answer is given again."""

    def answered(request: Request, *args: Any, **kwargs: Any) -> Response:
        if len(key) > LONGEST_KEY or not key.isprintable():
            words = _("%(header)s is at most %(n)s printable characters.") % {"header": HEADER, "n": LONGEST_KEY}
            raise Refused(400, "invalid-idempotency-key", words)
        assert isinstance(request.user, User)
        said = fingerprint(request)
        run = partial(handler, request, *args, **kwargs)
        if endpoint.is_slow():
            return slowly(endpoint, run, request.user, key, said)
        # The row is the lock: a second request with the key waits here for the first one's commit.
        with transaction.atomic():
            kept, is_new = row(request.user, key, said)
            return finished(kept, run) if is_new else again(kept, said)

    return answered


def slowly(endpoint: Slow, run: Callable[[], Response], user: User, key: str, said: str) -> Response:
    """The answer of an endpoint that has something slow to do first; meanwhile nobody waits for the database."""
    with transaction.atomic():
        kept, is_new = row(user, key, said)
        if not is_new and not taken_over(kept, said):
            return again(kept, said)
        kept.claimed_at = timezone.now()
        kept.save(update_fields=["claimed_at"])
    ours = KeptAnswer.objects.filter(pk=kept.pk, claimed_at=kept.claimed_at, status=0)
    try:
        endpoint.prepared()
        with transaction.atomic():
            if not ours.select_for_update().exists():
                raise under_way()
            return finished(kept, run)
    except BaseException:
        ours.delete()
        raise


def taken_over(kept: KeptAnswer, said: str) -> bool:
    """Whether the request was under way with somebody who is gone, so that it begins anew."""
    owned_since = kept.claimed_at or kept.created_at
    return kept.status == 0 and kept.digest == said and timezone.now() - owned_since > LONGEST_CLAIM


def finished(kept: KeptAnswer, run: Callable[[], Response]) -> Response:
    """The answer, kept unless it is worth asking again."""
    response = run()
    if AGAIN in response.headers:
        kept.delete()
    else:
        keep(kept, response)
    return response


def row(user: User, key: str, said: str) -> tuple[KeptAnswer, bool]:
    """The row of the key, and whether it was made now; the account's rows past their time are deleted."""
    KeptAnswer.objects.filter(user=user, created_at__lt=timezone.now() - KEPT_FOR).delete()
    # Locked, so that of two who find the owner gone only one takes over.
    return KeptAnswer.objects.select_for_update().get_or_create(user=user, key=key, defaults={"digest": said})


def again(kept: KeptAnswer, said: str) -> Response:
    """The first answer. Raises Refused when it was the answer to something else."""
    if kept.digest != said:
        words = _("This %(header)s was used before, for another request: take a new one.") % {"header": HEADER}
        raise Refused(422, "idempotency-key-reused", words)
    if kept.status == 0:
        raise under_way()
    return Response(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})


def under_way() -> Refused:
    """What a second caller is told while the first one's file is read."""
    refused = Refused(409, "in-progress", _("The same request is under way. Send it again in a few seconds."))
    refused.headers["Retry-After"] = str(AGAIN_SECONDS)
    return refused


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
