"""The live feed of open browser pages: it tells a page that its topic changed, and the page fetches itself again.

The relay follows the log and sends the changed topics to groups of the channel layer; a WebSocket consumer passes
them on to its page. The feed carries no content and may lose messages: a page also fetches itself again when it
reconnects. The person's permission is checked when the page connects, before each message, and every minute.
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

from accounts.quotas import limits_of
from accounts.reach import as_request_of
from accounts.required_steps import required_step
from environment import heartbeat
from events import signs, streams
from events.connections import ConnectionLimit, NoRoom, organisation_places
from events.partitions import log_streams

logger = logging.getLogger(__name__)

# A rule gets a user and subjects (the part of a topic after the colon, or "") and returns those the user may watch.
Rule = Callable[[Any, list[str]], Iterable[str]]

MOST_TOPICS = 100
MOST_ENTRIES = 500
# Pages are told of a change at once, then at most once in this time; the overview changes with every event.
TOPIC_EVERY_SECONDS = 0.1
OVERVIEW_EVERY_SECONDS = 1.0
BROKER_RETRY_SECONDS = 1.0
OVERVIEW = "overview"
# WebSocket close codes: the person is not signed in any more, lost a permission, or has too many sockets.
NOT_SIGNED_IN, NOT_ALLOWED, TOO_MANY_SOCKETS = 4401, 4403, 4429
# Permissions are checked at least this often on a quiet page, and at most this often on a busy one.
RIGHTS_EVERY_SECONDS, RIGHTS_FRESH_SECONDS = 60.0, 1.0
# An open page shows itself with each check of its permission; the sign lasts for a little more than two of them.
WATCHED_SECONDS = 150.0
# While no page is open, the relay looks this often whether one is.
LOOK_EVERY_SECONDS = 1.0
INBOX_CHANGES = ("CLARIFICATION.", "HUMAN.", "BACKLOG.ITEM_CANCELLED", "PROJECT.FAILED", "PROJECT.CANCELLED")

topic_rules: dict[str, Rule] = {}
# How many sockets may be open: more than twenty pages of one person are probably a fault or an attack.
socket_limit = ConnectionLimit(an_account=20, in_all=200)


def register_topic(name: str, rule: Rule) -> None:
    """Register the topic `name` (or `name:subject`); the rule is asked once for all its subjects."""
    topic_rules[name] = rule


def group_name(topic: str) -> str:
    """Return the name of a topic's group in the channel layer."""
    return "live." + topic.replace(":", ".")


def allowed_topics(user: Any, topics: Iterable[str]) -> list[str]:
    """Return the registered topics, of the first MOST_TOPICS, that the person may watch; calls each rule once."""
    requested = list(dict.fromkeys(topics))[:MOST_TOPICS]
    parts = [(topic, *topic.partition(":")[::2]) for topic in requested]
    subjects: dict[str, list[str]] = {}
    for _topic, name, subject in parts:
        subjects.setdefault(name, []).append(subject)
    known = [(name, asked) for name, asked in subjects.items() if name in topic_rules]
    with as_request_of(user):
        permitted = {name: set(topic_rules[name](user, asked)) for name, asked in known}
    return [topic for topic, name, subject in parts if subject in permitted.get(name, ())]


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """The WebSocket of one open page, `/ws/live/?topics=inbox+project:<id>`.

    It sends {"listening": topics} once, then {"changed": topic} at each change.
    """

    async def connect(self) -> None:
        """Accept the socket of a signed-in person and join the groups of the topics that they may watch."""
        self.topics: list[str] = []
        self.cleanup = ExitStack()
        user = self.scope["user"]
        if not may_connect(user, self.scope["session"]):
            await self.close(code=NOT_SIGNED_IN)
            return
        try:
            self.cleanup.enter_context(socket_limit.hold(user.pk))
            most = (await database_sync_to_async(limits_of)(user.organisation_id)).open_connections
            self.cleanup.enter_context(organisation_places.hold(user.organisation_id, most))
        except NoRoom:
            self.cleanup.close()
            await self.accept()
            await self.close(code=TOO_MANY_SOCKETS)
            return
        requested = parse_qs(self.scope["query_string"].decode(errors="replace")).get("topics", [""])[0].split()
        await asyncio.to_thread(signs.show_watching, seconds=WATCHED_SECONDS)
        self.topics = await database_sync_to_async(allowed_topics)(user, requested)
        for topic in self.topics:
            await self.channel_layer.group_add(group_name(topic), self.channel_name)
        await self.accept()
        await self.send_json({"listening": self.topics})
        self.fresh_until = loop_time() + RIGHTS_FRESH_SECONDS
        self.cleanup.callback(asyncio.ensure_future(self.check_regularly()).cancel)

    async def disconnect(self, code: int) -> None:
        """Leave the groups, stop the checks, and free the person's place in the limit of sockets."""
        self.cleanup.close()
        for topic in self.topics:
            await self.channel_layer.group_discard(group_name(topic), self.channel_name)

    async def check_regularly(self) -> None:
        """Call `may_listen` every RIGHTS_EVERY_SECONDS, so that a quiet socket also ends with its permission."""
        while True:
            await asyncio.sleep(RIGHTS_EVERY_SECONDS)
            try:
                await asyncio.to_thread(signs.show_watching, seconds=WATCHED_SECONDS)
                await self.may_listen()
            except Exception:
                logger.exception("The permission of a live page could not be checked: the check is tried again")

    async def may_listen(self) -> bool:
        """Return True if the person is signed in and may still watch every topic; otherwise close the socket.

        A result counts for RIGHTS_FRESH_SECONDS.
        """
        if loop_time() < self.fresh_until:
            return True
        session = session_store(self.scope["session"].session_key)
        user = await get_user({"session": session})
        is_known = may_connect(user, session)
        permitted = await database_sync_to_async(allowed_topics)(user, self.topics) if is_known else None
        self.fresh_until = loop_time() + RIGHTS_FRESH_SECONDS
        if permitted != self.topics:
            await self.close(code=NOT_SIGNED_IN if permitted is None else NOT_ALLOWED)
        return permitted == self.topics

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Ignore messages from the page: it has nothing to send."""

    async def look_again(self, message: dict[str, Any]) -> None:
        """Send the changed topic to the page, if the person may still listen."""
        if await self.may_listen():
            await self.send_json({"changed": message["topic"]})


def may_connect(user: Any, session: Any) -> bool:
    """Return True for a signed-in person who has nothing to do first; the session has been loaded."""
    return bool(user.is_authenticated) and not required_step(user, session)


def loop_time() -> float:
    """Return the time of the event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()


def session_store(key: str) -> Any:
    """Return the session with this key, as it is stored now."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


# -- telling ---------------------------------------------------------------------------------------
def announce_changes_until(stopping: threading.Event) -> None:
    """Follow the log and tell pages which topics changed, until `stopping` is set."""
    asyncio.run(ChangeAnnouncer(stopping).follow())


class ChangeAnnouncer:
    """Follows the log and the dead-letter stream from their present ends, and tells pages which topics changed."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.is_watched = False
        self.positions: dict[str, str] = {}
        self.changed: set[str] = set()
        self.quiet_until: dict[str, float] = {}

    async def follow(self) -> None:
        """Take turns until `stopping` is set; after a fault of the broker, start again from the ends of the streams."""
        while not self.stopping.is_set():
            heartbeat.turn("live")
            try:
                await self.turn()
            except streams.BROKER_ERRORS as error:
                logger.warning("The live feed waits: %s", error)
                self.is_watched, self.positions = False, {}
                await asyncio.to_thread(self.stopping.wait, BROKER_RETRY_SECONDS)
        heartbeat.end("live")

    async def turn(self) -> None:
        """Read the entries since the last turn, and tell the pages of each changed topic once.

        While no page is open nothing is read: only the end of the log is noted, from where the first page is served.
        """
        if not self.is_watched:
            await self.look_for_pages()
            return
        wait_ms = int(TOPIC_EVERY_SECONDS * 1000) if self.changed else streams.BLOCK_MS
        entries = await asyncio.to_thread(streams.read_after, self.positions, count=MOST_ENTRIES, block_ms=wait_ms)
        for entry in entries:
            self.positions[entry.stream] = entry.entry_id
        self.changed |= topics_of(entries)
        await self.tell()
        if not entries:
            self.is_watched = await asyncio.to_thread(signs.is_watched)

    async def look_for_pages(self) -> None:
        """Note the ends of the streams and look whether a page is open; if not, wait before the next look.

        The ends that were noted at the look before are kept for the first page: nothing that came since is missed.
        """
        earlier, names = self.positions, [*log_streams(), settings.DLQ_STREAM]
        self.positions = await asyncio.to_thread(streams.newest_positions, names)
        self.is_watched = await asyncio.to_thread(signs.is_watched)
        if self.is_watched:
            self.positions = earlier or self.positions
        else:
            await asyncio.to_thread(self.stopping.wait, LOOK_EVERY_SECONDS)

    async def tell(self) -> None:
        """Tell the pages of each changed topic, except topics told a moment ago: those wait for a later turn."""
        at = loop_time()
        self.quiet_until = {topic: until for topic, until in self.quiet_until.items() if until > at}
        layer = get_channel_layer()
        for topic in sorted(self.changed - self.quiet_until.keys()):
            await layer.group_send(group_name(topic), {"type": "look.again", "topic": topic})
            pause = OVERVIEW_EVERY_SECONDS if topic == OVERVIEW else TOPIC_EVERY_SECONDS
            self.quiet_until[topic] = at + pause
            self.changed.discard(topic)


def topics_of(entries: Iterable[streams.Entry]) -> set[str]:
    """Return the topics that these entries change, from the entries' fields `project` and `type`."""
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
