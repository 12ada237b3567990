"""Refuses request heads that proxies read in different ways: folded lines, and lines that end in a bare LF.

The parser h11 accepts both. A request that arrives in one piece behind another one (pipelining) is not checked here:
the parser has its bytes already.
"""

import re

import h11

from runtime.draining import DrainingProtocol

UNCLEAR = re.compile(rb"(?<!\r)\n|\r\n[ \t]")
END_OF_HEAD = b"\r\n\r\n"


class StrictHeads(DrainingProtocol):
    """uvicorn's HTTP/1.1 protocol, with a check of each request's head before the parser gets it."""

    def data_received(self, data: bytes) -> None:
        """Give the data to the parser; answer 400 instead if they hold an unclear head."""
        if self.conn.their_state is h11.IDLE and self.is_unclear(data):
            self.send_400_response("Invalid HTTP request received.")
            return
        super().data_received(data)

    def is_unclear(self, data: bytes) -> bool:
        """Return True if the head has a folded line or a bare LF, also where this data joins data that came before."""
        arrived = bytes(self.conn.trailing_data[0][-3:])
        head, _end, _body = (arrived + data).partition(END_OF_HEAD)
        return UNCLEAR.search(head, 1 if arrived[:1] == b"\n" else 0) is not None
