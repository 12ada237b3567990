"""Removes secrets from the log: the tokens of addresses, which give access to what they name."""

import logging
import re

TOKEN = re.compile(r"(/(?:answer|artifacts|shared)/)[^/\s?\"'>]{1,2000}")


class MaskTokens(logging.Filter):
    """Replaces the token of every such address in log lines, whichever logger wrote the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the tokens in the record's message; return True, so that every record is logged."""
        message = record.getMessage()
        if any(beginning in message for beginning in ("/answer/", "/artifacts/", "/shared/")):
            record.msg, record.args = TOKEN.sub(r"\1…", message), ()
        return True
