"""The same workflow with nothing in between: what the machine itself can do, beside which the product is measured.

Two processes on redis-py and psycopg read batches of up to 200 entries, as the product does. Each inbound event is
claimed and each emitted one inserted as a row, in the transaction of the effect; the log and the work stream get as
many entries, of the same types, as the product writes. There are no contracts, no outbox, no clock and no pages.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import redis
from redis.exceptions import ResponseError

from benchmarks.wire import (
    ANSWER,
    ASKING,
    COMPLETED,
    DISPATCHED,
    ITEM_DONE,
    REQUEST,
    Event,
    event,
    fields,
)

LOG, WORK, GROUP, BATCH, ITEMS = "bare:events", "bare:work", "group", 200, 3
DELIVERED = "DELIVERABLE.PUBLISHED"
TABLES = """
CREATE TABLE event (event_id uuid PRIMARY KEY, type text NOT NULL, project_id uuid NOT NULL, body jsonb NOT NULL);
CREATE INDEX ON event (project_id);
CREATE TABLE project (id uuid PRIMARY KEY, status text NOT NULL, done int NOT NULL DEFAULT 0, finished_at timestamptz);
CREATE INDEX ON project (finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE item (id uuid PRIMARY KEY, project_id uuid NOT NULL, state text NOT NULL, evidence jsonb);
CREATE INDEX ON item (project_id);
CREATE TABLE question (id uuid PRIMARY KEY, project_id uuid NOT NULL, item_id uuid NOT NULL, answer text);
CREATE INDEX ON question (id) WHERE answer IS NULL;
"""
INSERT_EVENTS = """INSERT INTO event SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::jsonb[])
    ON CONFLICT DO NOTHING RETURNING event_id::text"""
INSERT_PROJECTS = "INSERT INTO project (id, status) SELECT id, 'OPEN' FROM unnest(%s::uuid[]) AS id"
INSERT_ITEMS = "INSERT INTO item (id, project_id, state) SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[])"
INSERT_QUESTIONS = (
    "INSERT INTO question (id, project_id, item_id) SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[])"
)
ACCEPT_ANSWERS = """WITH answered AS (
        UPDATE question SET answer = given.answer FROM unnest(%s::uuid[], %s::text[]) AS given (id, answer)
        WHERE question.id = given.id AND question.answer IS NULL RETURNING item_id, project_id)
    UPDATE item SET state = 'IN_PROGRESS' FROM answered WHERE item.id = answered.item_id
    RETURNING item.id::text, item.project_id::text"""
FINISH_ITEMS = """UPDATE item SET state = 'DONE', evidence = given.evidence
    FROM unnest(%s::uuid[], %s::jsonb[]) AS given (id, evidence)
    WHERE item.id = given.id AND state <> 'DONE' RETURNING item.id::text, item.project_id::text"""
FINISH_PROJECTS = f"""UPDATE project SET done = done + given.more,
        status = CASE WHEN done + given.more = {ITEMS} THEN 'DONE' ELSE status END,
        finished_at = CASE WHEN done + given.more = {ITEMS} THEN clock_timestamp() END
    FROM unnest(%s::uuid[], %s::int[]) AS given (id, more)
    WHERE project.id = given.id RETURNING project.id::text, project.status"""

Cursor = psycopg.Cursor[tuple[Any, ...]]
Emitted = list[Event]


def main() -> None:
    """Run one of the two processes until it gets SIGTERM."""
    {"orchestrator": orchestrate, "worker": work}[sys.argv[1]](redis.Redis.from_url(os.environ["REDIS_URL"]))


def orchestrate(broker: redis.Redis) -> None:
    """Open projects, accept answers and finish items, a transaction for each batch."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        for ids, events in batches(broker, LOG):
            emitted: Emitted = []
            with database.transaction(), database.cursor() as cursor:
                claimed = set(insert(cursor, [said for said in events if said["event_type"] in HANDLERS]))
                for kind, handle in HANDLERS.items():
                    if chosen := [e for e in events if e["event_type"] == kind and e["event_id"] in claimed]:
                        handle(cursor, chosen, emitted)
                insert(cursor, emitted)
            publish(broker, emitted, LOG, ids)


def work(broker: redis.Redis) -> None:
    """Do items: a deliverable and the evidence for each."""
    for ids, events in batches(broker, WORK):
        replies: Emitted = []
        for said in events:
            about = {key: said["payload"][key] for key in ("project_id", "backlog_item_id")}
            content = {"deliverable": {"type": "generic_output", "content": {"sum": 190}, "confidence": 0.6}}
            replies.append(event(DELIVERED, about | content, by="worker", cause=said["event_id"]))
            replies.append(event(COMPLETED, about | {"evidence": {"sum": 190}}, by="worker", cause=said["event_id"]))
        publish(broker, replies, WORK, ids)


def batches(broker: redis.Redis, stream: str) -> Iterator[tuple[list[bytes], list[Event]]]:
    """Yield entry ids and events: first what was read and not acknowledged before, then what is new."""
    try:
        broker.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    since = "0"
    while True:
        found: Any = broker.xreadgroup(GROUP, "1", {stream: since}, count=BATCH, block=1000)
        entries = found[0][1] if found else []
        if entries:
            yield [entry_id for entry_id, _ in entries], [orjson.loads(entry[b"event"]) for _, entry in entries]
        else:
            since = ">"


def publish(broker: redis.Redis, emitted: Emitted, read: str, settled: list[bytes]) -> None:
    """Add the events to the log, a dispatch to the work stream too, and acknowledge what was read; one round trip."""
    pipe = broker.pipeline(transaction=False)
    for said in emitted:
        entry: Any = fields(said)
        pipe.xadd(LOG, entry)
        if said["event_type"] == DISPATCHED:
            pipe.xadd(WORK, entry)
    pipe.xack(read, GROUP, *settled)
    pipe.execute()


def insert(cursor: Cursor, events: list[Event]) -> list[str]:
    """Insert the events; return the ids of those that were not there."""
    if not events:
        return []
    rows = [(e["event_id"], e["event_type"], e["payload"]["project_id"], orjson.dumps(e).decode()) for e in events]
    return [row[0] for row in cursor.execute(INSERT_EVENTS, columns(rows)).fetchall()]


def columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Return the rows as a list a column."""
    return [list(column) for column in zip(*rows, strict=True)]


def open_projects(cursor: Cursor, requests: list[Event], emitted: Emitted) -> None:
    """Open a project with three items for each request; of one that asks, the first item waits for a question."""
    items, questions = [], []
    for said in requests:
        project, ids = said["payload"]["project_id"], [str(uuid4()) for _ in range(ITEMS)]
        asks = said["payload"]["template"] == ASKING.template
        emitted.append(event("PROJECT.OPENED", {"project_id": project, "title": "Do the three steps."}))
        emitted += [about("BACKLOG.ITEM_CREATED", project, item) for item in ids]
        if asks:
            questions.append((str(uuid4()), project, ids[0]))
            emitted += [
                about(kind, project, ids[0]) for kind in ("CLARIFICATION.QUESTION_ASKED", "BACKLOG.ITEM_BLOCKED")
            ]
            emitted.append(event("REPORT.PROJECT_SNAPSHOT_PUBLISHED", {"project_id": project}))
        items += [(item, project, "BLOCKED" if asks and item == ids[0] else "IN_PROGRESS") for item in ids]
        for kind in ("BACKLOG.ITEM_READIED", DISPATCHED):
            emitted += [about(kind, project, item) for item in (ids[1:] if asks else ids)]
    cursor.execute(INSERT_PROJECTS, [[said["payload"]["project_id"] for said in requests]])
    cursor.execute(INSERT_ITEMS, columns(items))
    if questions:
        cursor.execute(INSERT_QUESTIONS, columns(questions))


def accept_answers(cursor: Cursor, answers: list[Event], emitted: Emitted) -> None:
    """Keep each answer and dispatch the item that waited for it."""
    given = [(said["payload"]["question_id"], said["payload"]["answer"]) for said in answers]
    for item, project in cursor.execute(ACCEPT_ANSWERS, columns(given)).fetchall():
        kinds = ("CLARIFICATION.ANSWER_PROVIDED", "BACKLOG.ITEM_UNBLOCKED", DISPATCHED)
        emitted += [about(kind, project, item) for kind in kinds]
        emitted.append(event("REPORT.PROJECT_SNAPSHOT_PUBLISHED", {"project_id": project}))


def finish_items(cursor: Cursor, replies: list[Event], emitted: Emitted) -> None:
    """Mark the items DONE, and each project whose third item is."""
    given = [(e["payload"]["backlog_item_id"], orjson.dumps(e["payload"]["evidence"]).decode()) for e in replies]
    done = cursor.execute(FINISH_ITEMS, columns(given)).fetchall()
    emitted += [about(ITEM_DONE, project, item) for item, project in done]
    if done:
        more = Counter(project for _, project in done)
        for project, status in cursor.execute(FINISH_PROJECTS, [list(more), list(more.values())]).fetchall():
            if status == "DONE":
                kinds = ("PROJECT.COMPLETED", "REPORT.FINAL_PUBLISHED")
                emitted += [event(kind, {"project_id": project}) for kind in kinds]


def keep(cursor: Cursor, replies: list[Event], emitted: Emitted) -> None:
    """Nothing follows from a deliverable: its row in the ledger keeps it."""


def about(kind: str, project: str, item: str) -> Event:
    """Return a new event about an item."""
    return event(kind, {"project_id": project, "backlog_item_id": item, "agent_target": "worker"})


HANDLERS: dict[str, Callable[[Cursor, list[Event], Emitted], None]] = {
    REQUEST: open_projects,
    ANSWER: accept_answers,
    DELIVERED: keep,
    COMPLETED: finish_items,
}

if __name__ == "__main__":
    main()
