"""Whatever value is sent through whatever door: it is taken or refused in words, and nothing breaks.

Every kind of field that a question may have, times the values at its edges, times the doors an answer may take.
"""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.models import User
from accounts.roles import OPERATOR, REQUESTER
from backlog.models import Item, Project, Template, WorkContext
from clarifications.mails.links import link_token
from clarifications.models import Blocking, Question
from events.models import DeadLetter, Event
from tests.callers import Caller, account
from tests.flows import envelope, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

# The whole product takes minutes; the normal suite takes every so-manieth of it, each time another part.
STEP = 1 if os.environ.get("ALL_EDGE_VALUES") else 61

SCHEMAS: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "bounded": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    "integer": {"type": "integer"},
    "nullable": {"type": ["number", "null"]},
    "text": {"type": "string"},
    "short": {"type": "string", "minLength": 1, "maxLength": 5},
    "choice": {"enum": ["day", 1, None]},
    "constant": {"const": "agreed"},
    "truth": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "mail": {"type": "string", "format": "email"},
    "uuid": {"type": "string", "format": "uuid"},
    "texts": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
    "object": {"type": "object", "properties": {"e\u0301": {"type": "number"}}, "required": ["e\u0301"]},
    "anything": {"type": ["string", "number", "boolean", "object", "array"], "maxItems": 1000, "maxLength": 10_000},
}


def nested(depth: int) -> Any:
    """Lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES: dict[str, Any] = {
    "null": None, "true": True, "zero": 0, "minus zero": -0.0, "one": 1, "half": 0.5, "least": 5e-324,
    "64 bits": 2**63 - 1, "minus 64 bits": -(2**63), "beyond": 2**63, "huge": 1e308,
    "empty": "", "blank": " ", "letter": "a", "long": "x" * 10_001, "longer": "x" * 600_000, "number as text": "45,50",
    "control": "a\x01\x1b[31mb", "line feeds": "a\r\nb\u2028c", "override": "\u202egnp", "emoji": "😀" * 5,
    "NFD": "e\u0301", "NFC": "\u00e9", "formula": "=1+1", "markup": "<script>alert(1)</script>",
    "percent": "%(what)s %s {0}",
    "z": "2026-03-02T09:30:00z", "t": "2026-03-02t09:30:00Z", "space": "2026-03-02 09:30:00+00:00",
    "offset": "2026-03-02T09:30:00.123456789-12:00", "first": "0001-01-01T00:00:00Z", "last": "9999-12-31T23:59:59Z",
    "leap": "2024-02-29", "no day": "2026-02-30", "mail": "a@b.cc", "uuid": str(uuid4()),
    "no list": [], "list": ["a"], "numbers": [1, 2.5, None], "deep": nested(30),
    "deeper": nested(55), "deepest": nested(61),
    "no object": {}, "object": {"a": 1}, "NFD key": {"e\u0301": 1}, "NFC key": {"\u00e9": 1},
    "odd keys": {"": 1, "/": 2, "~0": 3},
    "wide": {f"k{n}": n for n in range(2000)},
}  # fmt: skip
RAW: dict[str, str] = {
    "1e400": "1e400", "NaN": "NaN", "half a pair": '"\\ud800"', "NUL": '"a\\u0000b"', "twice": '{"a": 1, "a": 2}',
}  # fmt: skip


class Asked:
    """One question at a time, and the people and machines who may answer it."""

    def __init__(self) -> None:
        self.olga, self.rita = account("olga", OPERATOR, email="o@example.org"), account("rita", REQUESTER)
        bot = account("bot", OPERATOR, is_service=True)
        key = keys.make_key(bot, name="k", scopes=["read", "questions"], lifetime=None)[1]
        self.rest = Caller(None, authorization=f"Bearer {key}")
        self.browsers = {user.username: Client() for user in (self.olga, self.rita)}
        for user in (self.olga, self.rita):
            self.browsers[user.username].force_login(user)
        only = {"key": "only", "title": "Only", "agent_target": "nobody"}
        definition = {"name": "edge", "title": "Edge", "items": [only]}
        self.template = Template.objects.create(name="edge", version=1, definition=definition)

    def about(self, schema: dict[str, Any]) -> Question:
        """An open question with this schema."""
        now = timezone.now()
        owned = {"requester": "rita", "owner": self.rita}
        project = Project.objects.create(title="P", template=self.template, opened_at=now, **owned)
        WorkContext.objects.create(project=project, data={"rows": []})
        item = Item(project=project, position=0, key="only", title="Only", item_type="task", agent_target="nobody")
        Item.objects.bulk_create([item])
        Item.objects.filter(pk=item.pk).update(state="BLOCKED")
        times = {"asked_at": now, "due_at": now, "next_step_at": now}
        named = {"field": "edge", "title": "Edge", "pointer": "/edge", "asked_by": "test"}
        question = Question.objects.create(project=project, schema=schema, **named, **times)
        Blocking.objects.create(question=question, item=item)
        return question


def by_rest(asked: Asked, question: Question, text: str) -> str:
    """POST answer, as JSON."""
    body = b'{"answer": ' + text.encode(errors="surrogatepass") + b"}"
    path = f"/api/v1/questions/{question.pk}/answer"
    answer = Client().post(path, body, content_type="application/json", headers=asked.rest.headers)
    return f"{answer.status_code}" if answer.status_code < 500 else f"broken {answer.status_code}"


def by_page(path: Callable[[Asked, Question], str], browser: str) -> Callable[[Asked, Question, str], str]:
    """The form of a page: the value as it would be typed, and once more as JSON text."""

    def send(asked: Asked, question: Question, text: str) -> str:
        for said in {text.strip('"'), text}:
            answer = asked.browsers[browser].post(path(asked, question), {"answer": said, "answer_answer": said})
            if answer.status_code >= 500:
                return f"broken {answer.status_code}"
        return str(answer.status_code)

    return send


def by_command(asked: Asked, question: Question, text: str) -> str:
    """`manage.py answer`."""
    try:
        call_command("answer", str(question.pk), text, stdout=io.StringIO(), stderr=io.StringIO())
    except CommandError:
        return "refused"
    return "taken"


def by_event(asked: Asked, question: Question, text: str) -> str:
    """USER.ANSWER_SUBMITTED on the stream."""
    said = {"project_id": str(question.project_id), "question_id": str(question.pk), "answer": "THE ANSWER"}
    event, before = envelope("USER.ANSWER_SUBMITTED", said), DeadLetter.objects.count()
    tell(orjson.dumps(event).replace(b'"THE ANSWER"', text.encode(errors="surrogatepass")))
    heard = Event.objects.filter(event_id=event["event_id"]).count()
    letters = list(DeadLetter.objects.order_by("id").values_list("error_class", flat=True)[before:])
    known = {"InvalidEvent", "InvalidAnswer", "NotEntitled"}
    return "taken" if heard and not letters else "refused" if letters and set(letters) <= known else f"broken {letters}"


DOORS: dict[str, Callable[[Asked, Question, str], str]] = {
    "rest": by_rest,
    "page": by_page(lambda asked, q: reverse("portal:question", args=[q.pk]), "rita"),
    "link": by_page(lambda asked, q: reverse("portal:answer-link", args=[link_token(q, asked.rita)]), "rita"),
    "admin": by_page(lambda asked, q: reverse("admin:clarifications_question_change", args=[q.pk]), "olga"),
    "command": by_command,
    "event": by_event,
}


def combinations() -> Iterator[tuple[str, str, str]]:
    """(door, schema, value as JSON text)."""
    texts = [
        *(orjson.dumps(v, option=orjson.OPT_NON_STR_KEYS).decode() for v in VALUES.values() if v != 2**63),
        str(2**63),
    ]
    for door in DOORS:
        for schema in SCHEMAS:
            for text in [*texts, *RAW.values()]:
                yield door, schema, text


def test_every_value_at_every_door_is_taken_or_refused_in_words(settings: Settings, capsys: Any) -> None:
    settings.DEBUG = False
    asked, outcomes, broken = Asked(), Counter[str](), []
    offset = timezone.now().microsecond % STEP
    for number, (door, schema, text) in enumerate(combinations()):
        if number % STEP != offset:
            continue
        question = asked.about(SCHEMAS[schema])
        try:
            outcome = DOORS[door](asked, question, text)
        except Exception as error:  # the traceback that a person would see
            outcome = f"broken {error!r:.200}"
        outcomes[outcome.split()[0]] += 1
        if outcome.startswith("broken"):
            broken.append((door, schema, text[:60], outcome))
    with capsys.disabled():
        size = f"doors {len(DOORS)} x schemas {len(SCHEMAS)} x values {len(VALUES) + len(RAW)}"
        print(f"\n{size}: {sum(outcomes.values())} tried, failures {len(broken)}")  # noqa: T201
    assert broken == []
    assert User.objects.count() == 3
