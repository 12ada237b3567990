"""A database in which so many projects were done long ago.

Each has three items, a deliverable and four of its 22 events; one in ten has a question and its answer. The other
events are left out for the sake of the time and the disk: they would lie in the same indexes.
"""

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backlog.models import Deliverable, Item, Project, Template, WorkContext
from benchmarks.seeding import SCHEMA, fill
from benchmarks.wire import PLAIN
from clarifications.models import Answer, Blocking, Question
from events.models import Event

EVENTS = ("PROJECT.INITIAL_REQUEST_RECEIVED", "WORK.ITEM_DISPATCHED", "WORK.ITEM_COMPLETED", "PROJECT.COMPLETED")
# Ids grow with time, as those that the product makes.
ID = "(lpad(to_hex(n * 8 + {}), 12, '0') || substr(md5('{}' || n), 13))::uuid"
PROJECT, QUESTION, DELIVERABLE, FIRST_ITEM = (
    ID.format(0, kind) for kind in ("project", "question", "deliverable", "item")
)
ITEM, EVENT = ID.format("i", "item"), ID.format("i", "event")
OPENED = "now() - interval '1 day' - (rows - n) * interval '10 seconds'"


def add_at_rest(count: int) -> None:
    """Add so many projects; the statistics and the visibility map are those of a database at rest."""
    with connection.cursor() as cursor:
        # The rows are consistent as they are: the server need not look each reference up.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        add(cursor, count)
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def add(cursor: CursorWrapper, count: int) -> None:
    """Add so many projects and what belongs to them."""
    rows = f"(SELECT n, {count} AS rows FROM generate_series(1, {count}) AS n) AS old"
    ended = f"{OPENED} + interval '5 seconds'"
    add_work(cursor, rows, ended)
    add_questions(cursor, f"{rows} CROSS JOIN generate_series(0, 0) AS i WHERE n % 10 = 0", ended)


def add_work(cursor: CursorWrapper, rows: str, ended: str) -> None:
    """Add the projects, and of each its context, its items, its deliverable and its events."""
    three, four = (f"{rows} CROSS JOIN generate_series({ends}) AS i" for ends in ("0, 2", "0, 3"))
    template = str(Template.objects.values_list("pk", flat=True).get(name=PLAIN.template))
    fill(
        cursor, Project, rows, id=PROJECT, status="'DONE'", title="'Old ' || n", template_id=template,
        correlation_id=PROJECT, opened_at=OPENED, finished_at=ended,
    )  # fmt: skip
    fill(cursor, WorkContext, rows, project_id=PROJECT, data="""'{"request_text": "Do the three steps."}'::jsonb""")
    fill(
        cursor, Item, three, id=ITEM, project_id=PROJECT, position="i", key="'step_' || i + 1", title="'Step'",
        item_type="'generic'", agent_target="'generic_worker'", state="'DONE'", attempts="1", current_dispatch=EVENT,
        done_at=ended, evidence="""'{"deliverable": "generic_output"}'::jsonb""",
    )  # fmt: skip
    fill(
        cursor, Deliverable, rows, id=DELIVERABLE, project_id=PROJECT, item_id=FIRST_ITEM, type="'generic_output'",
        content="""'{"summary": "Done."}'::jsonb""", confidence="0.6", agent="'generic_worker'", timestamp=ended,
        recorded_at=ended,
    )  # fmt: skip
    fill(
        cursor, Event, four, event_id=EVENT, type=f"(ARRAY{list(EVENTS)})[i + 1]", timestamp=ended, recorded_at=ended,
        service="'interlock'", instance="'1'", correlation_id=PROJECT, project_id=PROJECT, digest="md5(n || '-' || i)",
        payload="jsonb_build_object('project_id', n, 'text', repeat('x', 150))",
    )  # fmt: skip


def add_questions(cursor: CursorWrapper, rows: str, ended: str) -> None:
    """Add a question of each of these projects, what it held up, and its answer."""
    fill(
        cursor, Question, rows, id=QUESTION, project_id=PROJECT, status="'ANSWERED'", field="'ledger'",
        title="'Which ledger?'", schema=SCHEMA, pointer="'/ledger'", asked_by="'interlock'", asked_at=OPENED,
        due_at=ended, next_step_at=ended, closed_at=ended,
    )  # fmt: skip
    fill(cursor, Blocking, rows, question_id=QUESTION, item_id=FIRST_ITEM)
    fill(
        cursor, Answer, rows, question_id=QUESTION, value="to_jsonb(n)", answered_by="'ann'", door="'admin'",
        answered_at=ended, event_id=EVENT,
    )  # fmt: skip
