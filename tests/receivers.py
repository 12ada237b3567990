"""Receivers of webhooks: real servers in threads of this process, and what they were sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import User
from backlog.models import Project, Template
from events import bulk
from events.envelope import Envelope
from events.ledger import own_source, record_of
from events.models import Event


@dataclass
class Receiver:
    """A receiver that takes everything, unless told otherwise."""

    status: int = 200
    says: bytes = b"Taken"
    location: str = ""
    open: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids it was sent, in the order of their coming."""
        return [headers["webhook-id"] for headers, _body in self.requests]

    @property
    def figures(self) -> list[int]:
        """The figures of the events it was sent."""
        return [json.loads(body)["payload"]["figure"] for _headers, body in self.requests]

    @contextmanager
    def serving(self) -> Iterator["Receiver"]:
        """The receiver while the block runs, on the port that it had before."""
        with ThreadingHTTPServer(("127.0.0.1", self.port), handler(self)) as server:
            self.port = server.server_port
            settings.WEBHOOK_ALLOWED_HOSTS = [*settings.WEBHOOK_ALLOWED_HOSTS, f"127.0.0.1:{self.port}"]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield self
            finally:
                self.open.set()
                server.shutdown()
                thread.join()


def handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    """What answers for the receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.open.wait(10)
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.send_header("content-length", str(len(receiver.says)))
            self.end_headers()
            self.wfile.write(receiver.says)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def receiving(**told: Any) -> Iterator[Receiver]:
    """A receiver that answers at once."""
    receiver = Receiver(**told)
    receiver.open.set()
    with receiver.serving():
        yield receiver


# -- what they are told of -------------------------------------------------------------------------
def project_of(requester: str) -> Project:
    """A project that this person asked for."""
    audit = Template.objects.get(name="audit")
    owner = User.objects.filter(username=requester).first()
    values = {"title": "P", "template": audit, "opened_at": timezone.now(), "requester": requester, "owner": owner}
    return Project.objects.create(id=uuid4(), **values)


def happened(*figures: int, project_id: UUID | None = None, kind: str = "PROJECT.OPENED") -> list[Event]:
    """Events in the ledger, one a figure."""
    named = {"project_id": str(project_id)} if project_id else {}
    return [stored(kind, {"figure": figure, **named}) for figure in figures]


def stored(kind: str, payload: dict[str, Any]) -> Event:
    """The event, in the ledger."""
    envelope = Envelope(kind, payload, own_source(), uuid4())
    bulk.insert(Event, [record_of(envelope, now=timezone.now())])
    return Event.objects.get(event_id=envelope.event_id)


def administrator(name: str = "ada") -> User:
    """Somebody who may see everything."""
    return User.objects.create_superuser(name)


def requester(name: str, *permissions: str) -> User:
    """Somebody without a role, whose receivers may be on this machine."""
    made = User.objects.create_user(name)
    made.user_permissions.set(Permission.objects.filter(codename__in=["change_endpoint", *permissions]))
    return made
