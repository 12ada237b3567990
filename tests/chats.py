"""A Slack and a Teams of our own: they speak the vendors' API as far as Interlock uses it, and sign as Slack does."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.conf import settings
from django.test import Client

from chat.signatures import signature_of
from environment.chat import ChatSettings, Slack
from tests.waiting import wait_until

TEAM, CHANNEL, SECRET = "T024BE7LD", "C024BE91L", "8f742231b10e8888abcd99yyyzzz85a5"


@dataclass
class Chats:
    """What the vendors were sent, and what they answer. `people` are users.info records by id."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    fault: str = ""
    teams_status: int = 202
    url: str = ""

    def add_person(self, user_id: str, email: str, **changes: Any) -> None:
        """A member of the workspace."""
        record = {"id": user_id, "team_id": TEAM, "deleted": False, "is_bot": False, "profile": {"email": email}}
        self.people[user_id] = record | changes

    def answer(self, path: str, body: bytes, headers: Any) -> tuple[int, dict[str, Any]]:
        """What a vendor answers."""
        if path == "/reply":
            self.replies.append(json.loads(body))
            return 200, {"ok": True}
        if path == "/teams":
            self.cards.append(json.loads(body))
            return self.teams_status, {}
        if headers["authorization"] != "Bearer xoxb-1":
            return 200, {"ok": False, "error": "invalid_auth"}
        if self.fault:
            return 200, {"ok": False, "error": self.fault}
        if path == "/api/users.info":
            user = self.people.get(parse_qs(body.decode())["user"][0])
            return 200, {"ok": True, "user": user} if user else {"ok": False, "error": "user_not_found"}
        self.messages.append(json.loads(body))
        return 200, {"ok": True, "ts": "1503435956.000247"}

    # -- clicks --------------------------------------------------------------------------------------
    def payload(self, label: str, *, by: str, typed: dict[str, str] | None = None) -> dict[str, Any]:
        """The payload of a click on the button with this label of the newest message, as Slack sends it."""
        blocks = self.messages[-1]["blocks"]
        buttons = [button for block in blocks if block["type"] == "actions" for button in block["elements"]]
        [button] = [button for button in buttons if button["text"]["text"] == label]
        fields = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in (typed or {}).items()}
        return {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": by, "username": "somebody", "team_id": TEAM},
            "container": {"type": "message", "channel_id": CHANNEL},
            **({"state": {"values": fields}} if fields else {}),
            "actions": [{**button, "block_id": "buttons", "action_ts": str(time.time())}],
            "response_url": f"{self.url}/reply",
        }

    def click(self, label: str, *, by: str, **typed: str) -> str:
        """Click, signed, and return what the person or the channel reads."""
        before = len(self.replies)
        assert send(self.payload(label, by=by, typed=typed)).status_code == 200
        wait_until(lambda: len(self.replies) > before)
        return str(self.replies[-1]["text"])


def send(payload: dict[str, Any], *, secret: str = SECRET, at: float = 0, signature: str = "") -> Any:
    """Send a payload to Interlock as Slack does, signed with the secret, now or at the time `at`."""
    body, timestamp = urlencode({"payload": json.dumps(payload)}), str(int(at or time.time()))
    signed = signature or signature_of(secret, timestamp=timestamp, body=body.encode())
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signed}
    return Client(enforce_csrf_checks=True).post(
        "/chat/slack", body, content_type="application/x-www-form-urlencoded", headers=headers
    )


@contextmanager
def chatting() -> Iterator[Chats]:
    """Both chats while the block runs, and the settings that post to them."""
    chats = Chats()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = chats.answer(self.path, body, self.headers)
            said = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        chats.url = f"http://127.0.0.1:{server.server_port}"
        slack = Slack("xoxb-1", SECRET, CHANNEL, TEAM, api=f"{chats.url}/api/")
        settings.CHAT = ChatSettings(slack, f"{chats.url}/teams")
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield chats
        finally:
            server.shutdown()
            thread.join()
