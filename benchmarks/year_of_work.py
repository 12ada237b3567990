"""The rows that a year of work leaves, made by the server, and the files that a hundredth of the projects stored."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from api.models import KeptAnswer
from backlog.models import Deliverable, Item, Lease, Project, Template, WorkContext
from benchmarks.seeding import SCHEMA, fill
from clarifications.models import Answer, Blocking, Notice, Question
from events import artifacts
from events.models import DeadLetter, Event
from webhooks.models import Delivery, Endpoint

EVENTS = (
    *("PROJECT.INITIAL_REQUEST_RECEIVED", "PROJECT.OPENED", "BACKLOG.ITEM_CREATED", "BACKLOG.ITEM_CREATED"),
    *("BACKLOG.ITEM_CREATED", "BACKLOG.ITEM_READIED", "WORK.ITEM_DISPATCHED", "WORK.ITEM_STARTED"),
    *("DELIVERABLE.PUBLISHED", "WORK.ITEM_COMPLETED", "WORK.ITEM_REVIEWED", "BACKLOG.ITEM_READIED"),
    *("WORK.ITEM_DISPATCHED", "WORK.ITEM_STARTED", "WORK.ITEM_COMPLETED", "WORK.ITEM_REVIEWED"),
    *("BACKLOG.ITEM_READIED", "WORK.ITEM_DISPATCHED", "WORK.ITEM_STARTED", "WORK.ITEM_COMPLETED"),
    *("WORK.ITEM_REVIEWED", "PROJECT.COMPLETED"),
)
# Ids grow with time, as those that the product makes.
ID = "(lpad(to_hex(n * 32 + {}), 12, '0') || substr(md5('{}' || n), 13))::uuid"
PROJECT, QUESTION, ITEM, EVENT = ID.format(0, "p"), ID.format(0, "q"), ID.format("i", "i"), ID.format("i", "e")
FIRST_ITEM, DISPATCH = ID.format(0, "i"), ID.format(6, "e")
OPENED = "now() - interval '1 day' * (days - (n - first) / a_day::float)"
ENDED = f"{OPENED} + interval '5 seconds'"
ROWS_OF_A_FILE = 200


@dataclass(frozen=True)
class Year:
    """So many projects a day for so many days, of which the last is today; `first` is the number before the first."""

    a_day: int
    days: int
    first: int = 0

    def rows(self, every: int = 1, and_each: str = "") -> str:
        """Return what follows FROM: a row for each of the projects, or every so many-th, and for each of a range."""
        numbers = f"generate_series({self.first + 1}, {self.first + self.a_day * self.days}) AS n"
        seed = f"(SELECT n, {self.first} AS first, {self.a_day} AS a_day, {self.days} AS days FROM {numbers}) AS seed"
        each = f" CROSS JOIN generate_series({and_each}) AS i" if and_each else ""
        return f"{seed}{each}" + (f" WHERE n % {every} = 0" if every > 1 else "")


def fill_year(year: Year, folder: Path) -> None:
    """Add the rows and the files; the statistics and the visibility map are those of a database at rest."""
    if not year.first:
        people()
    with connection.cursor() as cursor:
        # The rows are consistent as they are: the server need not look each reference up.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        work(cursor, year)
        events(cursor, year)
        beside(cursor, year)
        cursor.execute("SET session_replication_role = origin; SET synchronous_commit = on")
        cursor.execute("VACUUM (ANALYZE)")
    if not year.first:
        files(year)


def people() -> None:
    """Ann, who works in the admin; rita, who asks; and a webhook."""
    for name, role in (("ann", OPERATOR), ("rita", REQUESTER), ("holder", ANSWERER)):
        user = User.objects.create_user(name, is_staff=role != REQUESTER, is_superuser=name == "ann")
        user.groups.add(Group.objects.get(name=role))
    owner = User.objects.get(username="ann")
    Endpoint.objects.create(owner=owner, url="https://example.com/", secret="s", position=0, created_at=timezone.now())


def work(cursor: CursorWrapper, year: Year) -> None:
    """Projects that are done, their contexts, items and deliverables; of each tenth a question with its answer."""
    template = str(Template.objects.filter(name="minimal").values_list("pk", flat=True)[0])
    fill(
        cursor, Project, year.rows(), id=PROJECT, status="'DONE'", title="'Request ' || n", template_id=template,
        correlation_id=PROJECT, opened_at=OPENED, finished_at=ENDED, requester="'rita'",
    )  # fmt: skip
    fill(
        cursor, WorkContext, year.rows(), project_id=PROJECT, data="""'{"request_text": "Do it.", "rows": []}'::jsonb"""
    )
    fill(
        cursor, Item, year.rows(and_each="0, 2"), id=ITEM, project_id=PROJECT, position="i", key="'step_' || i",
        title="'Step'", item_type="'generic'", agent_target="'generic_worker'", state="'DONE'", attempts="1",
        done_at=ENDED, evidence="""'{"deliverable": "generic_output"}'::jsonb""",
    )  # fmt: skip
    fill(
        cursor, Deliverable, year.rows(), id=PROJECT, project_id=PROJECT, item_id=FIRST_ITEM, type="'generic_output'",
        content="""'{"summary": "Done."}'::jsonb""", confidence="0.6", timestamp=ENDED, recorded_at=ENDED,
    )  # fmt: skip
    fill(
        cursor, Question, year.rows(10), id=QUESTION, project_id=PROJECT, status="'ANSWERED'", field="'ledger'",
        title="'Which ledger?'", schema=SCHEMA, pointer="'/ledger'", asked_by="'interlock'", asked_at=OPENED,
        due_at=ENDED, next_step_at=ENDED, closed_at=ENDED,
    )  # fmt: skip
    fill(cursor, Blocking, year.rows(10), question_id=QUESTION, item_id=FIRST_ITEM)
    fill(
        cursor, Answer, year.rows(10), question_id=QUESTION, value="to_jsonb(n)", answered_by="'ann'", door="'admin'",
        answered_at=ENDED, event_id=PROJECT,
    )  # fmt: skip


def events(cursor: CursorWrapper, year: Year) -> None:
    """The 22 events of each project; its three dispatches and its deliverable are longer than the others."""
    text = "repeat('Where does the time go? ', CASE WHEN i IN (0, 6, 8, 12, 17) THEN 40 ELSE 8 END)"
    fill(
        cursor, Event, year.rows(and_each="0, 21") + " ORDER BY n, i", event_id=EVENT,
        type=f"(ARRAY{list(EVENTS)})[i + 1]", timestamp=OPENED, recorded_at=OPENED, service="'interlock'",
        instance="'1'", correlation_id=PROJECT, project_id=PROJECT, digest="md5(n || '-' || i)",
        payload=f"jsonb_build_object('project_id', {PROJECT}, 'backlog_item_id', {FIRST_ITEM}, 'text', {text})",
    )  # fmt: skip


def beside(cursor: CursorWrapper, year: Year) -> None:
    """Three deliveries a project; mails, sessions, REST answers, leases, dead letters and audit lines in proportion."""
    person = "(SELECT min(id) FROM accounts_user)"
    seq = f"(SELECT min(seq) FROM events_event WHERE project_id = {PROJECT})"
    fill(
        cursor, Delivery, year.rows(and_each="0, 2") + " ORDER BY n, i",
        endpoint_id="(SELECT min(id) FROM webhooks_endpoint)",
        event_id=f"{seq} + i", state="'delivered'", attempts="1", created_at=OPENED, delivered_at=ENDED,
        response_status="200",
    )  # fmt: skip
    fill(
        cursor, Notice, year.rows(10), event_id=seq, question_id=QUESTION, recipient_id=person, state="'sent'",
        created_at=OPENED, next_attempt_at=OPENED, sent_at=ENDED,
    )  # fmt: skip
    fill(
        cursor, Session, year.rows(20), session_key="md5('s' || n)", session_data="repeat('x', 300)", expire_date=ENDED
    )
    fill(
        cursor, KeptAnswer, year.rows(2), user_id=person, key="'key-' || n", digest="md5(n::text)", status="201",
        created_at=OPENED, plain_body="""'{"status": "OPEN"}'::jsonb""",
    )  # fmt: skip
    fill(
        cursor, Lease, year.rows(20), dispatch_id=DISPATCH, token="md5('t' || n)::uuid", item_id=FIRST_ITEM,
        holder="'worker'", seconds="60", leased_at=OPENED,
    )  # fmt: skip
    fill(
        cursor, DeadLetter, year.rows(100), stream="'audit:events'", entry_id="n || '-0'", group="'orchestrator'",
        event_type="'WORK.ITEM_COMPLETED'", state="'discarded'", reason="'There is no item.'",
        error_class="'UnknownItem'", first_seen=OPENED, last_seen=OPENED, settled_at=ENDED, published_at=OPENED,
        raw=r"convert_to(repeat('x', 2000), 'UTF8')",
    )  # fmt: skip
    fill(cursor, AuditRecord, year.rows(20), recorded_at=OPENED, action="'signed-in'", actor="'rita'", target="'rita'")


def files(year: Year) -> None:
    """Of each hundredth project the rows in a file, which its context refers to."""
    numbers = range(100, year.a_day * year.days + 1, 100)
    projects = list(Project.objects.order_by("opened_at").values_list("pk", "finished_at"))[99::100]
    for number, (project, finished) in zip(numbers, projects, strict=False):
        rows = ({"task": f"Task {row} of {number}", "category": "Work"} for row in range(ROWS_OF_A_FILE))
        reference = artifacts.store(rows, media_type=artifacts.NDJSON)
        written = (finished or timezone.now()) - timedelta(minutes=1)
        os.utime(artifacts.path_of(reference), (written.timestamp(),) * 2)
        WorkContext.objects.filter(pk=project).update(data={"rows": [], "rows_ref": reference})
