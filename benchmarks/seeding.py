"""A database as years of work leave it: projects with ten items and one question each, made by the server itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from accounts.roles import ANSWERER, OPERATOR, REQUESTER
from backlog.models import Deliverable, Item, Project, Template, WorkContext
from clarifications.models import Answer, Blocking, Question
from events.models import DeadLetter, Event

ITEMS_A_PROJECT = 10
DAYS = 365
HOLDERS = 20

# One row a project, which every other row is made from. Active projects are of the last month, but their rows lie
# anywhere in the tables. `turn` shuffles; the first `waiting` turns wait for a person, and some after them were done
# in the last day, so that there is a day to draw however small the database.
SEED = """
CREATE TEMP TABLE seed AS
SELECT *, CASE WHEN status IN ('DONE', 'CANCELLED', 'FAILED') THEN
    least(now(), opened + interval '1 minute' + power(random(), 4) * interval '3 days') END AS finished
FROM (SELECT *, CASE WHEN status IN ('WAITING', 'OPEN') THEN now() - power(random(), 2) * interval '30 days'
        WHEN status = 'DONE' AND turn <= %(waiting)s + 40 THEN now() - random() * interval '20 hours'
        ELSE now() - (%(projects)s - n + random()) / %(projects)s * interval '1 day' * %(days)s END AS opened
    FROM (SELECT *, CASE WHEN turn <= %(waiting)s THEN 'WAITING' WHEN turn %% 100 < 3 THEN 'OPEN'
            WHEN turn %% 100 < 5 THEN 'FAILED' WHEN turn %% 100 < 7 THEN 'CANCELLED' ELSE 'DONE' END AS status
        FROM (SELECT n, row_number() OVER (ORDER BY md5('turn' || n)) AS turn,
                md5('project' || n)::uuid AS id, md5('question' || n)::uuid AS question,
                CASE WHEN n %% 10 < 3 THEN 'rita' ELSE 'requester-' || n %% 200 END AS requester
            FROM generate_series(1, %(projects)s) AS n) AS numbered) AS named) AS dated
"""
AGENTS = (
    *("requirements_manager", "time_waste_worker", "cost_worker", "friction_worker", "scenario_worker"),
    *("test_worker", "generic_worker", "dev_worker", "generic_worker", "generic_worker"),
)
STATE = """CASE WHEN status = 'DONE' OR i <= 2 THEN 'DONE' WHEN status = 'CANCELLED' THEN 'CANCELLED'
    WHEN status = 'FAILED' THEN CASE i WHEN 3 THEN 'FAILED' ELSE 'CREATED' END
    WHEN status = 'WAITING' THEN CASE i WHEN 3 THEN 'BLOCKED' WHEN 4 THEN 'IN_PROGRESS' ELSE 'CREATED' END
    ELSE CASE i WHEN 3 THEN 'IN_PROGRESS' WHEN 4 THEN 'READY' ELSE 'CREATED' END END"""
EACH_ITEM = f"seed CROSS JOIN generate_series(1, {ITEMS_A_PROJECT}) AS i"
ITEM_ID = "md5('item' || n || '-' || i)::uuid"
THIRD_ITEM = "md5('item' || n || '-3')::uuid"
SCHEMA = '\'{"type": "number", "exclusiveMinimum": 0}\'::jsonb'


@dataclass(frozen=True)
class Size:
    """How much there is; `least` is how many dead letters are open whatever their number."""

    items: int
    open_questions: int
    letters: int
    least: int

    @classmethod
    def of(cls, items: int, *, open_percent: float, least: int) -> "Size":
        """One question to ten items, one dead letter to a hundred; open ones fill at least a page."""
        questions = items // ITEMS_A_PROJECT
        return cls(
            items=items,
            open_questions=min(questions, max(least, round(questions * open_percent / 100))),
            letters=max(least, items // 100),
            least=least,
        )

    @property
    def questions(self) -> int:
        """One a project."""
        return self.items // ITEMS_A_PROJECT

    def __str__(self) -> str:
        return (
            f"{self.items:,} items, {self.questions:,} questions ({self.open_questions:,} open), "
            f"{self.letters:,} dead letters"
        )


def seed(size: Size) -> None:
    """Fill the empty, migrated database; its statistics and its visibility map are those of a database at rest."""
    people()
    with connection.cursor() as cursor:
        # The rows are consistent as they are: the server need not look each reference up.
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off; SELECT setseed(0.5)")
        cursor.execute(SEED, {"projects": size.questions, "waiting": size.open_questions, "days": DAYS})
        projects(cursor)
        questions(cursor)
        letters(cursor, size)
        cursor.execute("DROP TABLE seed; SET session_replication_role = origin; SET synchronous_commit = on")
        cursor.execute("VACUUM (ANALYZE)")


def people() -> None:
    """Ann, who works in the admin; rita, who asked for three projects of ten; and those who hold questions."""
    for name, role in (("ann", OPERATOR), ("rita", REQUESTER), *((f"holder-{n}", ANSWERER) for n in range(HOLDERS))):
        user = User.objects.create_user(name, is_staff=role != REQUESTER)
        user.groups.add(Group.objects.get(name=role))


def projects(cursor: CursorWrapper) -> None:
    """Projects, what is known of each, their items, what was delivered, and an event an item."""
    template = Template.objects.values_list("pk", flat=True).get(name="audit", version=1)
    title = "'Audit ' || n || ' of ' || requester"
    said = {"title": title, "template_id": str(template), "opened_at": "opened", "finished_at": "finished"}
    fill(
        cursor, Project, "seed ORDER BY n", id="id", status="status", requester="requester", correlation_id="id", **said
    )
    data = """'{"request_text": "Where does the team lose time?", "rows": []}'::jsonb"""
    fill(cursor, WorkContext, "seed", project_id="id", data=data)
    items(cursor)
    deliverables(cursor)
    events(cursor)


def items(cursor: CursorWrapper) -> None:
    """The items of each project."""
    agents = f"(ARRAY{list(AGENTS)})[i]"
    named = {"key": "'step-' || i", "title": "'Step ' || i", "item_type": "'analysis'", "agent_target": agents}
    started = "CASE WHEN i <= 4 OR status = 'DONE' THEN opened + i * interval '1 minute' END"
    times = {
        "started_at": started,
        "deadline_at": f"CASE {STATE} WHEN 'IN_PROGRESS' THEN now() + interval '1 hour' END",
    }
    about = {"project_id": "seed.id", "position": "i", "state": STATE}
    fill(cursor, Item, f"{EACH_ITEM} ORDER BY n, i", id=ITEM_ID, **about, **named, **times)


def deliverables(cursor: CursorWrapper) -> None:
    """What was delivered for each project that is done."""
    kept = {
        "item_id": THIRD_ITEM,
        "type": "'cost_analysis'",
        "content": "'{\"annual\": 1}'::jsonb",
        "confidence": "0.8",
    }
    where = "seed WHERE status = 'DONE'"
    fill(cursor, Deliverable, where, id="id", project_id="id", timestamp="finished", agent="'cost_worker'", **kept)


def events(cursor: CursorWrapper) -> None:
    """An event an item."""
    told = {
        "event_id": "md5('event' || n || '-' || i)::uuid",
        "type": "'WORK.ITEM_COMPLETED'",
        "payload": "'{}'::jsonb",
    }
    fill(
        cursor, Event, f"{EACH_ITEM} ORDER BY n, i", project_id="seed.id", correlation_id="seed.id",
        timestamp="opened", recorded_at="opened",
        service="'cost_worker'", instance="'1'", digest="md5(n || '-' || i)", **told,
    )  # fmt: skip


def questions(cursor: CursorWrapper) -> None:
    """A question a project, which its third item waits for or waited for; a tenth of the open ones is somebody's."""
    is_open = "status = 'WAITING'"
    status = f"CASE WHEN {is_open} THEN 'OPEN' WHEN n % 20 = 0 THEN 'DECLINED' ELSE 'ANSWERED' END"
    holder = f"(SELECT min(id) FROM {User._meta.db_table} WHERE username = 'holder-' || n % {HOLDERS})"
    fill(
        cursor, Question, "seed ORDER BY n",
        id="question", project_id="id", status=status, field="'hourly_rate'", title="'Hourly rate'",
        description="'What does one hour of the work cost?'", schema=SCHEMA, pointer="'/hourly_rate'",
        asked_by="'cost_worker'", asked_at="opened + interval '1 minute'",
        due_at="opened + interval '10 days' + random() * interval '20 days'",
        next_step_at="opened + interval '30 days'",
        assigned_to_id=f"CASE WHEN {is_open} AND turn % 10 = 0 THEN {holder} END",
        assigned_group=f"CASE turn % 10 WHEN 1 THEN '{ANSWERER}' WHEN 2 THEN '{OPERATOR}' ELSE '' END",
        closed_at=f"CASE WHEN NOT ({is_open}) THEN opened + random() * interval '1 day' END",
    )  # fmt: skip
    fill(cursor, Blocking, "seed", question_id="question", item_id=THIRD_ITEM)
    fill(
        cursor, Answer, f"seed WHERE {status} = 'ANSWERED'", question_id="question", value="to_jsonb(n % 97 + 20)",
        answered_by="'ann'", door="'admin'", answered_at="opened", event_id="question",
    )  # fmt: skip


def letters(cursor: CursorWrapper, size: Size) -> None:
    """Dead letters, a tenth of them open, but at least a page of them."""
    is_open = f"n % 10 = 0 OR n <= {size.least}"
    fill(
        cursor, DeadLetter, f"generate_series(1, {size.letters}) AS n",
        stream="'audit:events'", entry_id="n || '-0'", group="'orchestrator'", event_type="'WORK.ITEM_COMPLETED'",
        state=f"CASE WHEN {is_open} THEN 'open' ELSE 'discarded' END", reason="'There is no item ' || n || '.'",
        error_class="'UnknownItem'", first_seen="now()", last_seen="now() - n * interval '1 minute'",
        published_at="now()", raw=r"'[]'::bytea",
    )  # fmt: skip


def fill(cursor: CursorWrapper, model: type[models.Model], rows: str, **columns: str) -> None:
    """One row of the model for each of `rows` (what follows FROM); `columns` are SQL, the rest defaults."""
    known = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    unknown = columns.keys() - {field.attname for field in known}
    assert not unknown, unknown
    fields = [field for field in known if field.attname in columns or not field.has_db_default()]
    values: Mapping[str, Any] = {f.attname: default(f) for f in fields if f.attname not in columns}
    said = ", ".join(columns[f.attname].replace("%", "%%") if f.attname in columns else "%s" for f in fields)
    names = ", ".join(f'"{field.column}"' for field in fields)
    source = rows.replace("%", "%%")
    cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {said} FROM {source}', list(values.values()))


def default(field: "models.Field[Any, Any]") -> Any:
    """What the database stores where nothing is said."""
    return field.get_db_prep_save(field.get_default(), connection)
