"""Idempotent POSTs: a request that is sent twice with the same Idempotency-Key takes effect once.

The response is stored in the transaction of the effect, and a repeated request gets the stored response. Slow work
without an effect, such as reading a file, runs before that transaction. Meanwhile the row of the key has `claimed_at`
set, and a second request with the key is refused with 409 "in-progress".
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

from accounts.models import User
from api.models import KeptAnswer
from api.problems import Refused
from api.renderers import json_bytes
from api.retention import answers_kept_since, old_answers
from api.waiting import ASK_AGAIN_HEADER

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
LONGEST_KEY = 200
# Longer than the wait for a free place and the reading of a file together: an older claim is of a dead process.
LONGEST_CLAIM = timedelta(seconds=120)
RETRY_SECONDS = 5
# Headers of the first response that a repeated response has again.
STORED_HEADERS = ("Location", "ETag")

Handler = Callable[..., Response]


class SlowEndpoint(Protocol):
    """An endpoint whose POST may do slow work before its effect; see `ApiView`."""

    shown_once: tuple[str, ...]

    def is_slow(self) -> bool:
        """Return True if this request needs slow work."""

    def prepared(self) -> Any:
        """Do the slow work, once for each request, and return its result."""


def run_once(handler: Handler, key: str, endpoint: SlowEndpoint) -> Handler:
    """Return a handler that runs once for an account, key and request, and then repeats its first response."""

    def handle(request: Request, *args: Any, **kwargs: Any) -> Response:
        if len(key) > LONGEST_KEY or not key.isprintable():
            words = _("%(header)s is at most %(n)s printable characters.") % {"header": KEY_HEADER, "n": LONGEST_KEY}
            raise Refused(400, "invalid-idempotency-key", words)
        assert isinstance(request.user, User)
        digest = request_fingerprint(request)
        run = partial(handler, request, *args, **kwargs)
        if endpoint.is_slow():
            return run_slow(endpoint, run, request.user, key, digest)
        # The row is the lock: a second request with the key waits here for the first one's commit.
        with transaction.atomic():
            row, is_new = locked_row(request.user, key, digest)
            return run_and_store(row, run, endpoint.shown_once) if is_new else stored_response(row, digest)

    return handle


def run_slow(endpoint: SlowEndpoint, run: Callable[[], Response], user: User, key: str, digest: str) -> Response:
    """Return the response of an endpoint with slow work, which is done under a claim and outside of transactions."""
    with transaction.atomic():
        row, is_new = locked_row(user, key, digest)
        if not is_new and not is_abandoned(row, digest):
            return stored_response(row, digest)
        row.claimed_at = timezone.now()
        row.save(update_fields=["claimed_at"])
    own_claim = KeptAnswer.objects.filter(pk=row.pk, claimed_at=row.claimed_at, status=0)
    try:
        endpoint.prepared()
        with transaction.atomic():
            if not own_claim.select_for_update().exists():
                raise still_running()
            return run_and_store(row, run, endpoint.shown_once)
    except BaseException:
        own_claim.delete()
        raise


def is_abandoned(row: KeptAnswer, digest: str) -> bool:
    """Return True if the same request was claimed by a process that is dead by now, so that it may run again."""
    claimed_at = row.claimed_at or row.created_at
    return row.status == 0 and row.digest == digest and timezone.now() - claimed_at > LONGEST_CLAIM


def run_and_store(row: KeptAnswer, run: Callable[[], Response], shown_once: tuple[str, ...]) -> Response:
    """Run the handler and store its response without the fields that are shown only once.

    A response that the web server replaces by asking again is not stored.
    """
    response = run()
    if ASK_AGAIN_HEADER in response.headers:
        row.delete()
    else:
        store_response(row, response, shown_once)
    return response


def locked_row(user: User, key: str, digest: str) -> tuple[KeptAnswer, bool]:
    """Return (row of the key, True if it is new), locked; expired rows of the account are deleted."""
    if since := answers_kept_since():
        old_answers(since).filter(user=user).delete()
    # Locked, so that of two requests that find an abandoned claim only one runs.
    return KeptAnswer.objects.select_for_update().get_or_create(user=user, key=key, defaults={"digest": digest})


def stored_response(row: KeptAnswer, digest: str) -> Response:
    """Return the stored response. Raises Refused if the key was used for another request, or that one still runs."""
    if row.digest != digest:
        words = _("This %(header)s was used before, for another request: take a new one.") % {"header": KEY_HEADER}
        raise Refused(422, "idempotency-key-reused", words)
    if row.status == 0:
        raise still_running()
    return Response(row.body, status=row.status, headers={**row.headers, REPLAYED_HEADER: "true"})


def still_running() -> Refused:
    """Return the refusal (409) of a second request with the key while the first one still runs."""
    refused = Refused(409, "in-progress", _("The same request is under way. Send it again in a few seconds."))
    refused.headers["Retry-After"] = str(RETRY_SECONDS)
    return refused


def store_response(row: KeptAnswer, response: Response, shown_once: tuple[str, ...]) -> None:
    """Store the response with the row of its key; the fields that are shown only once are stored as null."""
    row.status = response.status_code
    row.headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    row.body = orjson.loads(json_bytes(response.data))
    if shown_once and isinstance(row.body, dict):
        row.body |= {name: None for name in shown_once if name in row.body}
    row.save(update_fields=["status", "headers", "body"])


def request_fingerprint(request: Request) -> str:
    """Return a digest of the request: method, path and parsed body, with the contents of files."""
    body = request.data
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in request.FILES}
    parts = [request.method, request.path, body]
    hashed = hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str))
    for name, file in sorted(request.FILES.items()):
        hashed.update(name.encode())
        for chunk in file.chunks():
            hashed.update(chunk)
        file.seek(0)
    return hashed.hexdigest()
