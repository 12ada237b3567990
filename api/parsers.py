"""Reading bodies: JSON that every part of the system reads alike, and forms with a file."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.problems import Refused
from schemas import strict_json


class StrictJSONParser(BaseParser):
    """JSON without twice the same key, NUL, numbers beyond 64 bits, or too much of it."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """The value. Raises ParseError or Refused, which say why."""
        text = stream.read(strict_json.MAX_BYTES + 1)
        if len(text) > strict_json.MAX_BYTES:
            raise Refused(413, "body-too-large", _("A body may have 1 MB at most."))
        return value_of(text)


def value_of(text: bytes | str) -> Any:
    """The value of a JSON text. Raises ParseError, which says why."""
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson as error:
        raise ParseError(_("This is not acceptable JSON: %(why)s.") % {"why": error}) from error
