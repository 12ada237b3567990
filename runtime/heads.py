"""Heads of requests that proxies read in different ways are refused: folded lines, and lines that end in a bare LF.

The parser beneath takes both. What comes in one piece behind another request (pipelining) is not looked at here: the
parser has it already.
"""

import re

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

UNCLEAR = re.compile(rb"(?<!\r)\n|\r\n[ \t]")
END = b"\r\n\r\n"


class StrictHeads(H11Protocol):
    """HTTP/1.1 as it has to be written."""

    def data_received(self, data: bytes) -> None:
        """Take what arrives, unless it is an unclear head."""
        if self.conn.their_state is h11.IDLE and self.is_unclear(data):
            self.send_400_response("Invalid HTTP request received.")
            return
        super().data_received(data)

    def is_unclear(self, data: bytes) -> bool:
        """Whether the head has a folded line or a bare LF in what arrives now, or where it joins what came before."""
        arrived = bytes(self.conn.trailing_data[0][-3:])
        head, _end, _body = (arrived + data).partition(END)
        return UNCLEAR.search(head, 1 if arrived[:1] == b"\n" else 0) is not None
