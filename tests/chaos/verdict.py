"""What became of a run: what was lost, what took effect twice, what is stuck, and which invariants are broken."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count

from backlog.models import Deliverable, Item, Project
from backlog.states import OVER_STATUSES, ItemState
from events.models import DeadLetter, Event
from tests.chaos.doors import is_away
from tests.chaos.load import Load, Wanted
from tests.chaos.messages import poison
from tests.chaos.plan import EXCUSING, LOSING, REPEATING_NOTHING, Fault
from tests.invariants import violations
from tests.tally import added_to, entries_added, work_streams

FINAL_REPLIES = ("WORK.ITEM_COMPLETED", "WORK.ITEM_FAILED", "CLARIFICATION.NEEDED")


@dataclass
class Happened:
    """A fault of the plan, with the times at which it began and was healed, on this process's clock."""

    fault: Fault
    began_at: float
    healed_at: float = float("inf")


@dataclass
class Verdict:
    """The figures of a run; each list names what is broken, in words."""

    asked: int = 0
    finished: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    entries_an_event: float | None = None

    def is_good(self) -> bool:
        """Return True if nothing is wrong."""
        return not (self.lost or self.twice or self.stuck or self.broken)

    def faults_found(self) -> list[str]:
        """Return everything that is wrong, in words."""
        named = {"lost": self.lost, "twice": self.twice, "stuck": self.stuck, "broken": self.broken}
        return [f"{name}: {words}" for name, those in named.items() for words in those]

    def longest_recovery(self) -> float:
        """Return the seconds of the longest recovery; 0 without faults."""
        return max((seconds for those in self.recoveries.values() for seconds in those), default=0.0)


def verdict_of(load: Load, happened: list[Happened], *, answers_broken: Iterable[str]) -> Verdict:
    """Look at the database and at the broker, and return the verdict."""
    load.look()
    verdict = Verdict(
        asked=len(load.wanted),
        finished=Project.objects.filter(status__in=OVER_STATUSES).count(),
        lost=lost(load),
        twice=[*effects_twice(), *runs_at_once(load, happened)],
        stuck=stuck(load),
        broken=[*broken(load, happened), *(f"an answer with status 500: {words}" for words in answers_broken)],
        recoveries=recoveries(load, happened),
        entries_an_event=entries_an_event(happened),
    )
    verdict.broken += [f"the load met {error!r}" for error in load.faults[:5]]
    return verdict


def entries_an_event(happened: list[Happened]) -> float | None:
    """Return the entries of the log, repeated ones included, for each event; None if the broker has lost its count."""
    if any(h.fault.kind in LOSING for h in happened):
        return None
    return entries_added() / max(Event.objects.count(), 1)


def lost(load: Load) -> list[str]:
    """Return the requests that a door accepted and that have no project."""
    known = set(Project.objects.values_list("pk", flat=True))
    gone = [w for w in load.wanted if w.accepted_at is not None and w.project_id not in known]
    return [f"project {w.project_id}, accepted by {w.door}" for w in gone]


def stuck(load: Load) -> list[str]:
    """Return what is not over: requests that no door has accepted, and projects that still go on."""
    unsent = [f"request {w.project_id} was not accepted by {w.door}" for w in load.wanted if w.accepted_at is None]
    going_on = Project.objects.exclude(status__in=OVER_STATUSES).select_related("template")
    return unsent + [f"project {p.pk} ({p.template.name}) is {p.status}: {states_of(p)}" for p in going_on]


def states_of(project: Project) -> str:
    """Return the states of the project's items in one line."""
    items = Item.objects.filter(project=project).values_list("key", "state", "held_for", "attempts", "failures")
    return "; ".join(f"{k} {s} {h} attempts {a}, failures {f}" for k, s, h, a, f in items)


# -- twice -----------------------------------------------------------------------------------------
def effects_twice() -> list[str]:
    """Return effects that were recorded more than once."""
    once_each = {
        "PROJECT.OPENED": "project_id",
        "PROJECT.COMPLETED": "project_id",
        "CLARIFICATION.ANSWER_PROVIDED": "payload__question_id",
        "REPORT.FINAL_PUBLISHED": "project_id",
    }
    return [
        *(words for kind, key in once_each.items() for words in more_than_one(kind, key)),
        *more_than_one("WORK.ITEM_REVIEWED", "payload__backlog_item_id", payload__outcome="accepted"),
        *more_than_one("BACKLOG.ITEM_CREATED", "payload__backlog_item_id"),
        *delivered_twice(),
    ]


def more_than_one(event_type: str, key: str, **which: str) -> list[str]:
    """Return the keys for which there are several events of the type."""
    events = Event.objects.filter(type=event_type, **which).values(key).annotate(n=Count("seq")).filter(n__gt=1)
    return [f"{event_type} {row['n']} times for {row[key]}" for row in events]


def delivered_twice() -> list[str]:
    """Return the dispatches that have several deliverables of one type."""
    rows = Deliverable.objects.values("dispatch_id", "type").annotate(n=Count("pk")).filter(n__gt=1)
    return [f"{row['n']} deliverables {row['type']} of dispatch {row['dispatch_id']}" for row in rows]


def runs_at_once(load: Load, happened: list[Happened]) -> list[str]:
    """Return the items that two processes worked on at the same time though nothing excuses it."""
    slow = [w for w in load.wanted if w.sort.told and w.log.exists()]
    return [f"{w.project_id} was run by two workers at the same time" for w in slow if has_overlap(w, happened)]


def has_overlap(wanted: Wanted, happened: list[Happened]) -> bool:
    """Return True if a run began before the one before it had ended, and no fault excuses it."""
    lines = [line.split() for line in wanted.log.read_text().splitlines()]
    running: dict[str, float] = {}
    for word, at, process in lines:
        if word == "ended":
            running.pop(process, None)
            continue
        if any(not is_excused(since, float(at), happened) for since in running.values()):
            return True
        running[process] = float(at)
    return False


def is_excused(since: float, until: float, happened: list[Happened]) -> bool:
    """Return True if between the two times the first run's process died, or could not renew its hold."""
    ending = {"kill", "kill at point", "kill everything", "end"}
    near = [h for h in happened if h.began_at <= until and h.healed_at + 5 >= since]
    return any(h.fault.kind in EXCUSING or h.fault.kind in ending for h in near)


# -- invariants ------------------------------------------------------------------------------------
def broken(load: Load, happened: list[Happened]) -> list[str]:
    """Return every broken invariant, in words."""
    return [
        *violations(dead_letters=DeadLetter.objects.count()),
        *wrong_ends(load),
        *commands_left_open(),
        *wrong_dead_letters(happened),
        *needless_entries(happened),
    ]


def wrong_ends(load: Load) -> list[str]:
    """Return the projects that ended in another way than their sort has to."""
    ends = dict(Project.objects.filter(status__in=OVER_STATUSES).values_list("pk", "status"))
    wrong = [w for w in load.wanted if ends.get(w.project_id, w.sort.ends) != w.sort.ends]
    reasons = dict(Project.objects.filter(pk__in=[w.project_id for w in wrong]).values_list("pk", "reason"))
    return [f"{w.sort.template} {w.project_id} ended as {ends[w.project_id]}: {reasons[w.project_id]}" for w in wrong]


def commands_left_open() -> list[str]:
    """Return the dispatches of items that are over which were neither answered nor superseded, and miscounted items."""
    answered = Event.objects.filter(type__in=FINAL_REPLIES).values("causation_id")
    over = Item.objects.filter(state__in=[ItemState.DONE, ItemState.FAILED]).values("current_dispatch")
    dispatches = Event.objects.filter(type="WORK.ITEM_DISPATCHED")
    left = dispatches.filter(outcome="", event_id__in=over).exclude(event_id__in=answered)
    number = Counter(dispatches.values_list("payload__backlog_item_id", flat=True))
    attempts = Item.objects.values_list("pk", "attempts")
    return [
        *(f"dispatch {dispatch.event_id} was never answered" for dispatch in left),
        *(f"item {pk}: {n} attempts, {number[str(pk)]} dispatches" for pk, n in attempts if number[str(pk)] != n),
    ]


def wrong_dead_letters(happened: list[Happened]) -> list[str]:
    """Return dead letters that are no poison, poison with several, and poison with none that the broker kept."""
    marks = [(letter, letter.fields.get(b"mark", b"").decode()) for letter in DeadLetter.objects.all()]
    number = Counter(mark for _, mark in marks)
    last_loss = max((h.healed_at for h in happened if h.fault.kind in LOSING), default=0.0)
    missing = [mark for mark, at in poison.marks.items() if not number[mark] and at > last_loss]
    again = [mark for mark in poison.marks if number[mark] > 1]
    return [
        *(in_words(letter) for letter, mark in marks if mark not in poison.marks),
        *([f"{len(missing)} poisonous entries were never buried"] if missing else []),
        *([f"{len(again)} poisonous entries were buried twice"] if again else []),
    ]


def in_words(letter: DeadLetter) -> str:
    """Return the sentence about a dead letter that nobody meant."""
    return f"{letter.event_type or 'an entry'} of ours was buried by {letter.group}: {letter.reason[:200]}"


def needless_entries(happened: list[Happened]) -> list[str]:
    """Return what was published more than once, in a run whose faults give no reason to."""
    if not {h.fault.kind for h in happened} <= REPEATING_NOTHING:
        return []
    log, events = entries_added() - len(poison.marks), Event.objects.count()
    dispatches = Event.objects.filter(type="WORK.ITEM_DISPATCHED").count()
    queued = sum(added_to(name) for name in work_streams())
    return [
        *([f"{log} entries of {events} events were published"] if log > events else []),
        *([f"{queued} work entries of {dispatches} dispatches were published"] if queued > dispatches else []),
    ]


# -- recovery --------------------------------------------------------------------------------------
def recoveries(load: Load, happened: list[Happened]) -> dict[str, list[float]]:
    """Return {kind: seconds from each fault's end until a quick project that was asked for after it was over}."""
    quick = [(w.accepted_at, w.seen_over_at) for w in load.wanted if w.sort.is_quick]
    ends = [(accepted, over) for accepted, over in quick if accepted is not None and over is not None]
    found: dict[str, list[float]] = {}
    for h in happened:
        after = [over for accepted, over in ends if accepted >= h.healed_at]
        if after:
            found.setdefault(h.fault.kind, []).append(min(after) - h.healed_at)
    return found


def is_at_rest(load: Load) -> bool:
    """Return True if everything that was asked for is over and nothing is left at the broker."""
    if any(w.accepted_at is None for w in load.wanted):
        return False
    if Project.objects.exclude(status__in=OVER_STATUSES).exists() or lost(load):
        return False
    return not violations(dead_letters=DeadLetter.objects.count())


def wait_for_rest(load: Load, seconds: float) -> bool:
    """Wait until the system is at rest, at most this long; return True if it is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection.close()  # the database may have been restarted
        try:
            if is_at_rest(load):
                return True
        except Exception as error:
            if not is_away(error):
                raise
        time.sleep(1.0)
    connection.close()
    return False
