"""The parser of JSON bodies: it accepts only JSON that every part of the system reads in the same way."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.problems import Refused
from schemas import strict_json


class StrictJSONParser(BaseParser):
    """Parses JSON; refuses duplicate keys, NUL characters, numbers beyond 64 bits, and bodies above 1 MB."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """Return the value of the body. Raises ParseError, or Refused (413) if it is too large."""
        text = stream.read(strict_json.MAX_BYTES + 1)
        if len(text) > strict_json.MAX_BYTES:
            raise Refused(413, "body-too-large", _("A body may have 1 MB at most."))
        return json_value(text)


def json_value(text: bytes | str) -> Any:
    """Return the value of a JSON text. Raises ParseError with the reason."""
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson as error:
        raise ParseError(_("This is not acceptable JSON: %(why)s.") % {"why": error}) from error
