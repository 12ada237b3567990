"""The browser's live feed: pages are told to look again, and read everything from the database.

The relay follows the log and tells groups of the channel layer; a WebSocket consumer tells its page. Nothing that
is said here matters: a page that missed it looks again when it reconnects. Who may listen is asked when the page
connects, when it is told something, and every minute.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings

from events import streams
from events.connections import ConnectionLimit, NoRoom

logger = logging.getLogger(__name__)

# Of the topic's subjects (what follows the colon; nothing for a topic without one), those that this user may watch.
Rule = Callable[[Any, list[str]], Iterable[str]]

MOST_TOPICS = 100
MOST_ENTRIES = 500
# A topic's pages are told at once, then at most once in so many seconds; the overview changes with every event.
TOPIC_EVERY_SECONDS = 0.1
OVERVIEW_EVERY_SECONDS = 1.0
REST_SECONDS = 1.0
OVERVIEW = "overview"
# Why a socket ends: its person is not signed in any more, lost a right, or has too many sockets.
NOT_SIGNED_IN, NOT_ALLOWED, TOO_MANY_SOCKETS = 4401, 4403, 4429
# Rights are looked up this often while a page is told nothing, and not again within a second while it is told much.
RIGHTS_EVERY_SECONDS, RIGHTS_FRESH_SECONDS = 60.0, 1.0
INBOX_CHANGES = ("CLARIFICATION.", "HUMAN.", "BACKLOG.ITEM_CANCELLED", "PROJECT.FAILED", "PROJECT.CANCELLED")

rules: dict[str, Rule] = {}
# Twenty pages are many for one person.
limit = ConnectionLimit(an_account=20, in_all=200)


def register_topic(name: str, rule: Rule) -> None:
    """Let pages watch `name` or `name:subject`, when the rule allows the person to; one question for all."""
    rules[name] = rule


def group_name(topic: str) -> str:
    """The channel layer's group of a topic."""
    return "live." + topic.replace(":", ".")


def allowed(user: Any, topics: Iterable[str]) -> list[str]:
    """Those of the topics that exist and that the person may watch; one question a name, however many subjects."""
    asked = list(dict.fromkeys(topics))[:MOST_TOPICS]
    parts = [(topic, *topic.partition(":")[::2]) for topic in asked]
    subjects: dict[str, list[str]] = {}
    for _topic, name, subject in parts:
        subjects.setdefault(name, []).append(subject)
    seen = {name: set(rules[name](user, some)) for name, some in subjects.items() if name in rules}
    return [topic for topic, name, subject in parts if subject in seen.get(name, ())]


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One page: `/ws/live/?topics=inbox+project:<id>`; it says which topics it listens to, then “look again”."""

    async def connect(self) -> None:
        """Accept a signed-in person, for the topics that they may watch."""
        self.topics: list[str] = []
        self.held = ExitStack()
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close(code=NOT_SIGNED_IN)
            return
        try:
            self.held.enter_context(limit.hold(user.pk))
        except NoRoom:
            await self.accept()
            await self.close(code=TOO_MANY_SOCKETS)
            return
        asked = parse_qs(self.scope["query_string"].decode(errors="replace")).get("topics", [""])[0].split()
        self.topics = await database_sync_to_async(allowed)(user, asked)
        for topic in self.topics:
            await self.channel_layer.group_add(group_name(topic), self.channel_name)
        await self.accept()
        await self.send_json({"listening": self.topics})
        self.fresh_until = now() + RIGHTS_FRESH_SECONDS
        self.held.callback(asyncio.ensure_future(self.check_now_and_then()).cancel)

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        self.held.close()
        for topic in self.topics:
            await self.channel_layer.group_discard(group_name(topic), self.channel_name)

    async def check_now_and_then(self) -> None:
        """End the socket once its person may not listen any more, also while nothing happens."""
        while True:
            await asyncio.sleep(RIGHTS_EVERY_SECONDS)
            try:
                await self.may_listen()
            except Exception:
                logger.exception("Whether a page may still listen could not be looked up: it is tried again")

    async def may_listen(self) -> bool:
        """Whether the person is signed in and may watch each topic still; the socket is closed otherwise."""
        if now() < self.fresh_until:
            return True
        user = await get_user({"session": session_store(self.scope["session"].session_key)})
        kept = await database_sync_to_async(allowed)(user, self.topics) if user.is_authenticated else None
        self.fresh_until = now() + RIGHTS_FRESH_SECONDS
        if kept != self.topics:
            await self.close(code=NOT_SIGNED_IN if kept is None else NOT_ALLOWED)
        return kept == self.topics

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages have nothing to say here."""

    async def look_again(self, message: dict[str, Any]) -> None:
        """Tell the page that the topic changed."""
        if await self.may_listen():
            await self.send_json({"changed": message["topic"]})


def now() -> float:
    """The event loop's clock."""
    return asyncio.get_running_loop().time()


def session_store(key: str) -> Any:
    """The session as it is stored now."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


# -- telling ---------------------------------------------------------------------------------------
def tell_until(stopping: threading.Event) -> None:
    """Follow the log and tell pages what changed, until told to stop."""
    asyncio.run(Teller(stopping).follow())


class Teller:
    """Follows the log and the dead-letter stream from now on."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.positions: dict[str, str] = {}
        self.changed: set[str] = set()
        self.quiet_until: dict[str, float] = {}

    async def follow(self) -> None:
        """Read and tell; while the broker is away there is nobody to tell."""
        while not self.stopping.is_set():
            try:
                await self.turn()
            except streams.BROKER_ERRORS as error:
                logger.warning("The live feed waits: %s", error)
                self.positions = {}
                await asyncio.to_thread(self.stopping.wait, REST_SECONDS)

    async def turn(self) -> None:
        """What was added since the last turn, told once a topic."""
        if not self.positions:
            self.positions = await asyncio.to_thread(streams.ends, [settings.STREAM_NAME, settings.DLQ_STREAM])
        wait_ms = int(TOPIC_EVERY_SECONDS * 1000) if self.changed else streams.BLOCK_MS
        entries = await asyncio.to_thread(streams.tail, self.positions, count=MOST_ENTRIES, block_ms=wait_ms)
        for entry in entries:
            self.positions[entry.stream] = entry.entry_id
        self.changed |= topics_of(entries)
        await self.tell()

    async def tell(self) -> None:
        """Tell the pages of each changed topic that were not told a moment ago; the others a little later."""
        at = now()
        self.quiet_until = {topic: until for topic, until in self.quiet_until.items() if until > at}
        layer = get_channel_layer()
        for topic in sorted(self.changed - self.quiet_until.keys()):
            await layer.group_send(group_name(topic), {"type": "look.again", "topic": topic})
            rest = OVERVIEW_EVERY_SECONDS if topic == OVERVIEW else TOPIC_EVERY_SECONDS
            self.quiet_until[topic] = at + rest
            self.changed.discard(topic)


def topics_of(entries: Iterable[streams.Entry]) -> set[str]:
    """The topics that these entries change, read from what rides beside the event."""
    topics = set()
    for entry in entries:
        topics.add(OVERVIEW)
        if entry.stream == settings.DLQ_STREAM:
            topics.add("deadletters")
            continue
        if project := entry.fields.get(b"project", b"").decode(errors="replace"):
            topics.add(f"project:{project}")
        if entry.fields.get(b"type", b"").decode(errors="replace").startswith(INBOX_CHANGES):
            topics.add("inbox")
    return topics
