"""The figures of the system as a whole, asked from the database and the broker by whoever shows `/metrics`.

The figures of the database come with one query, those of the broker with three steps, whatever the size of the system.
They are kept for some seconds, so that many readers cost as much as one. A part that does not answer in time leaves its
figures out, and `interlock_part_up` says so.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F, Func, IntegerField, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from clarifications.models import Question, QuestionStatus
from events.group_figures import GroupFigures, group_figures, stream_lengths
from events.models import DeadLetter, Outbox, SetAside
from events.signs import broker_now
from webhooks.models import Endpoint

logger = logging.getLogger(__name__)

# Seconds for which the figures are kept: less than the shortest usual interval of Prometheus.
KEPT_SECONDS = 5.0
# Seconds after which the database gives up the query.
MOST_SECONDS = 2
PARTS = ("database", "broker", "disk")


def counted(rows: QuerySet[Any], expression: str = "COUNT(*)") -> QuerySet[Any, Any]:
    """Return the query that counts the rows, not executed."""
    count = Func(F("pk"), template=expression, output_field=IntegerField())
    queried: QuerySet[Any, Any] = rows.order_by().annotate(figure=count).values("figure")
    return queried


def oldest(rows: QuerySet[Any], moment: str) -> QuerySet[Any, Any]:
    """Return the query for the earliest value of the column `moment`, not executed."""
    earliest = Func(F(moment), function="MIN")
    queried: QuerySet[Any, Any] = rows.order_by().annotate(figure=earliest).values("figure")
    return queried


def database_queries() -> dict[str, tuple[str, QuerySet[Any, Any]]]:
    """Return {name: (what it says, query)} of the figures of the database; `_seconds` is the age of a moment."""
    open_questions = Question.objects.filter(status=QuestionStatus.OPEN)
    failing = Endpoint.objects.filter(active=True, failing_since__isnull=False)
    return {
        "outbox_commits": ("Commits whose events are not published yet.", counted(Outbox.objects.all())),
        "outbox_oldest_seconds": ("Age of the oldest of them.", oldest(Outbox.objects.all(), "written_at")),
        "dead_letters_open": (
            "Dead letters that nobody has settled.",
            counted(DeadLetter.objects.filter(state=DeadLetter.State.OPEN)),
        ),
        "projects_set_aside": (
            "Projects for which a round of the clock failed.",
            counted(SetAside.objects.all(), "COUNT(DISTINCT project_id)"),
        ),
        "questions_open": ("Questions that wait for a person.", counted(open_questions)),
        "questions_overdue": (
            "Open questions whose time to be answered is over.",
            counted(open_questions.filter(due_at__lt=timezone.now())),
        ),
        "question_oldest_seconds": ("Age of the oldest open question.", oldest(open_questions, "asked_at")),
        "webhooks_active": ("Webhooks that get events.", counted(Endpoint.objects.filter(active=True))),
        "webhooks_failing": ("Active webhooks whose receiver fails.", counted(failing)),
        "webhook_failing_seconds": ("How long the longest of them has failed.", oldest(failing, "failing_since")),
    }


def database_figures() -> dict[str, float]:
    """Return {name: figure} from one query. Raises an error of the database."""
    queries = {name: query.query.sql_with_params() for name, (_words, query) in database_queries().items()}
    clock = "CURRENT_TIMESTAMP" if connection.vendor == "sqlite" else "clock_timestamp()"
    statement = f"SELECT {clock}, " + ", ".join(f"({sql})" for sql, _parameters in queries.values())
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL statement_timeout = '{MOST_SECONDS}s'")
        cursor.execute(statement, [value for _sql, parameters in queries.values() for value in parameters])
        now, *values = cursor.fetchone()
    found = dict(zip(queries, values, strict=True))
    return {name: age(now, value) if name.endswith("_seconds") else float(value) for name, value in found.items()}


def age(now: Any, moment: Any) -> float:
    """Return the seconds from the moment until now, both as the database gives them; 0 without a moment."""
    return max((as_datetime(now) - as_datetime(moment)).total_seconds(), 0.0) if moment is not None else 0.0


def as_datetime(value: Any) -> datetime:
    """Return a moment of PostgreSQL or of SQLite, which gives text in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass
class Looked:
    """What a look found; `up` says which parts answered."""

    at: float = 0.0
    up: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(PARTS, False))
    database: dict[str, float] = field(default_factory=dict)
    groups: list[GroupFigures] = field(default_factory=list)
    lengths: dict[str, int] = field(default_factory=dict)
    disk: tuple[int, int] = (0, 0)


class SystemCollector(Collector):
    """Gives Prometheus' client the figures of the last look; `look` is called by one thread."""

    def __init__(self) -> None:
        self.looked = Looked()

    def look(self) -> None:
        """Ask for the figures again, if those of the last look are too old."""
        if time.monotonic() - self.looked.at < KEPT_SECONDS and self.looked.at:
            return
        looked = Looked()
        for part, ask in self.parts(looked).items():
            try:
                ask()
                looked.up[part] = True
            except Exception as error:
                logger.warning("No figures of the %s: %s", part, type(error).__name__)
        looked.at = time.monotonic()
        self.looked = looked

    def parts(self, looked: Looked) -> dict[str, Callable[[], object]]:
        """Return for each part the function that asks for its figures."""

        def ask_database() -> None:
            close_old_connections()
            looked.database = database_figures()

        def ask_broker() -> None:
            looked.groups = group_figures(broker_now(settings.STREAM_NAME).timestamp())
            looked.lengths = stream_lengths({group.stream for group in looked.groups})

        def ask_disk() -> None:
            usage = shutil.disk_usage(settings.DATA_DIR)
            looked.disk = usage.total, usage.free

        return {"database": ask_database, "broker": ask_broker, "disk": ask_disk}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures of the last look."""
        looked = self.looked
        yield gauge("part_up", "Whether this part of the system answered.", looked.up.items(), "part")
        for name, (words, _query) in database_queries().items():
            yield gauge(name, words, [(name, looked.database[name])] if name in looked.database else [])
        yield gauge("stream_entries", "Entries of a stream.", looked.lengths.items(), "stream")
        yield from group_gauges(looked.groups)
        sizes = zip(("size", "free"), looked.disk, strict=True) if looked.up["disk"] else ()
        yield gauge("data_bytes", "Size of the disk with DATA_DIR, and what is free of it.", sizes, "kind")


def gauge(name: str, words: str, values: Iterable[tuple[str, float]], *labels: str) -> GaugeMetricFamily:
    """Return a gauge with a value for each label, or with the only value."""
    family = GaugeMetricFamily(f"interlock_{name}", words, labels=labels)
    for label, value in values:
        family.add_metric([label] if labels else [], float(value))
    return family


def group_gauges(groups: Iterable[GroupFigures]) -> Iterator[GaugeMetricFamily]:
    """Yield the figures of the groups; a lag that the broker does not know is left out."""
    shown: dict[str, tuple[str, Callable[[GroupFigures], float | None]]] = {
        "group_lag": ("Entries that the group has not read.", lambda group: group.lag),
        "group_pending": ("Entries that the group has read and not settled.", lambda group: group.pending),
        "group_readers": ("Readers of the group that asked in the last minute.", lambda group: group.readers),
        "group_oldest_seconds": ("Age of its oldest unsettled entry.", lambda group: group.oldest_seconds),
    }
    for name, (words, of) in shown.items():
        family = GaugeMetricFamily(f"interlock_{name}", words, labels=["stream", "group"])
        for group in groups:
            if (value := of(group)) is not None:
                family.add_metric([group.stream, group.group], value)
        yield family
