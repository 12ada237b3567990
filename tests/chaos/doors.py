"""The doors through which a run reaches the system: REST with a key; and which errors only say: try again."""

import http.client
import json
from typing import Any

from django.db import InterfaceError, OperationalError

from events import streams

AWAY = (OperationalError, InterfaceError, *streams.BROKER_ERRORS, OSError, http.client.HTTPException)


class NotNow(Exception):
    """The answer was a 5xx or 429: the same request can be sent again."""


class AlreadyDone(Exception):
    """The answer was 409: somebody was faster, or an earlier try took effect."""


class Refused(Exception):
    """The answer was another error: the request was wrong."""


def is_away(error: BaseException) -> bool:
    """Return True if the error says that a part is away, so that the same can be tried again."""
    return isinstance(error, (*AWAY, NotNow))


class Rest:
    """Calls the REST interface with a service account's key. Counts the answers with a status of 500."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.key = address, key
        self.broken: list[str] = []

    def post(self, path: str, body: Any, *, key: str) -> Any:
        """POST with an Idempotency-Key and return the answer's body. Raises NotNow, AlreadyDone, Refused or OSError."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        headers = {
            "authorization": f"Bearer {self.key}", "content-type": "application/json", "idempotency-key": key
        }  # fmt: skip
        try:
            connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status == 500:
            self.broken.append(f"{path}: {text[:300]}")
        if answer.status == 409 and "in-progress" not in text:
            raise AlreadyDone(text[:300])
        if answer.status >= 500 or answer.status in (409, 429):
            raise NotNow(f"{answer.status}: {text[:300]}")
        if answer.status >= 400:
            raise Refused(f"{path}: {answer.status} {text[:300]}")
        return json.loads(text)
