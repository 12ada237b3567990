"""What the staff's home page tells: what waits, what is under way, what was finished, what is stuck.

It reads active rows and those of the last day, each through an index of theirs: what is long done costs nothing.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from charts import stacked
from clarifications.models import Question, QuestionStatus
from events import streams
from events.deadletters.repair import visible
from events.models import DeadLetter, SetAside
from staff.overview_parts import (
    AgentLine,
    DeadLetters,
    Figure,
    Flow,
    GroupLine,
    Items,
    LetterLine,
    Overview,
    Projects,
    Questions,
    Streams,
)
from staff.throughput import DAY, HOUR, hours, plots, summary

# What may pile up for years is counted no further.
MOST_COUNTED = 10_000
# The lead times of the last day are worked out from so many projects at most, the newest.
MOST_FINISHED = 20_000
NEWEST_LETTERS = 5
LONGEST_REASON = 160
MOST_DRAWN = 10
MOST_AGENTS = 40
OVER = [ItemState.DONE, ItemState.CANCELLED]
ACTIVE = [state for state in ItemState if state not in OVER]

Lookups = dict[str, Any]


def overview(user: User) -> Overview:
    """What the person may see, to the minute; at most eight queries, however much there is."""
    now = timezone.now().replace(second=0, microsecond=0)
    finished = newest_finished(now) if may_see(user, "backlog.project") else None
    return Overview(
        questions=open_questions(now) if may_see(user, "clarifications.question") else None,
        projects=None if finished is None else current_projects(now, finished),
        items=active_items() if may_see(user, "backlog.item") else None,
        flow=None if finished is None else flow(now, finished),
        streams=consumer_groups(user) if may_see(user, "events.event") else None,
        letters=open_letters() if may_see(user, "events.deadletter") else None,
    )


def may_see(user: User, model: str) -> bool:
    """Whether the person may see the model's list; to change implies to view."""
    app, _dot, name = model.partition(".")
    return user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}")


def listed(model: str, **lookups: Any) -> str:
    """The address of the model's list, showing what fits the lookups."""
    query = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in lookups.items()}
    return f"{address(model)}?{urlencode(query)}" if query else address(model)


@cache
def address(model: str) -> str:
    """The address of the model's whole list."""
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


# -- questions -------------------------------------------------------------------------------------
def open_questions(now: datetime) -> Questions:
    """One query over the open questions."""
    cuts: list[tuple[str, str, Lookups]] = [
        ("questions", _("Open"), {}),
        ("overdue", _("Overdue"), {"due_at__lt": now}),
        *ages(now),
        ("person", _("A person"), {"assigned_to__isnull": False}),
        ("group", _("A group"), {"assigned_to__isnull": True, "assigned_group__gt": ""}),
        ("anybody", _("Anybody"), {"assigned_to__isnull": True, "assigned_group__exact": ""}),
    ]
    counts = Question.objects.filter(status=QuestionStatus.OPEN).aggregate(
        **{key: Count("pk", filter=Q(**lookups)) if lookups else Count("*") for key, _words, lookups in cuts}
    )
    total, overdue, *rest = (
        Figure(key, words, counts[key], listed("clarifications.question", whose="all", **lookups))
        for key, words, lookups in cuts
    )
    return Questions(total, overdue, ages=rest[:4], holders=rest[4:])


def ages(now: datetime) -> list[tuple[str, str, Lookups]]:
    """How long ago a question was asked, in four parts without a gap."""
    one, four, day = now - HOUR, now - timedelta(hours=4), now - DAY
    return [
        ("under-1-h", _("Under 1 hour"), {"asked_at__gte": one}),
        ("under-4-h", _("1 to 4 hours"), {"asked_at__gte": four, "asked_at__lt": one}),
        ("under-a-day", _("4 to 24 hours"), {"asked_at__gte": day, "asked_at__lt": four}),
        ("older", _("More than a day"), {"asked_at__lt": day}),
    ]


# -- projects --------------------------------------------------------------------------------------
def newest_finished(now: datetime) -> list[tuple[datetime, datetime]]:
    """When the projects done in the last 24 hours were opened and finished, newest first, up to a bound."""
    found = Project.objects.filter(status=ProjectStatus.DONE, finished_at__gte=now - DAY).order_by("-finished_at")
    return list(found.values_list("opened_at", "finished_at")[:MOST_FINISHED])  # type: ignore[arg-type]


def current_projects(now: datetime, finished: list[tuple[datetime, datetime]]) -> Projects:
    """Three queries: the open ones by state, the failed ones up to a bound, and whether there ever was one."""
    open_ones = Project.objects.filter(status__in=[ProjectStatus.OPEN, ProjectStatus.WAITING]).order_by()
    counts = dict(open_ones.values_list("status").annotate(number=Count("*")))
    failed = Project.objects.filter(status=ProjectStatus.FAILED).order_by()[:MOST_COUNTED].count()
    counts[ProjectStatus.FAILED] = failed
    return Projects(
        states=[
            Figure(
                f"project-{status}",
                str(status.label),
                counts.get(status, 0),
                listed("backlog.project", status__exact=status),
                state=status,
                more=counts.get(status, 0) >= MOST_COUNTED and status == ProjectStatus.FAILED,
            )
            for status in (ProjectStatus.OPEN, ProjectStatus.WAITING, ProjectStatus.FAILED)
        ],
        finished=Figure(
            "finished",
            _("Finished in the last 24 hours"),
            len(finished),
            listed("backlog.project", status__exact=ProjectStatus.DONE, finished_at__gte=now - DAY),
            state=ProjectStatus.DONE,
            more=len(finished) >= MOST_FINISHED,
        ),
        none_yet=not Project.objects.order_by()[:1].exists(),
    )


def flow(now: datetime, finished: list[tuple[datetime, datetime]]) -> Flow:
    """The last 24 hours, hour by hour."""
    by_hour = hours(finished, now)
    during = [(hour, {"finished_at__gte": hour.starts, "finished_at__lt": hour.ends}) for hour in by_hour]
    done = {"status__exact": ProjectStatus.DONE}
    return Flow(
        summary=summary(finished),
        hours=[(hour, listed("backlog.project", **done, **times)) for hour, times in during],
        plots=plots(by_hour) if finished else [],
        bounded=len(finished) >= MOST_FINISHED,
    )


# -- items -----------------------------------------------------------------------------------------
def active_items() -> Items:
    """One query over the active items' index."""
    active = Item.objects.filter(~Q(state__in=OVER)).order_by()
    counts: dict[str, dict[str, int]] = {}
    for agent, state, count in active.values_list("agent_target", "state").annotate(number=Count("*")):
        counts.setdefault(agent, {})[state] = count
    busiest = sorted(counts, key=lambda agent: (-sum(counts[agent].values()), agent))
    drawn = busiest[:MOST_DRAWN]
    series = [(str(state.label), [counts[agent].get(state, 0) for agent in drawn]) for state in ACTIVE]
    return Items(
        states=[str(state.label) for state in ACTIVE],
        agents=[agent_line(agent, counts[agent]) for agent in busiest[:MOST_AGENTS]],
        unnamed=len(busiest[MOST_AGENTS:]),
        plot=stacked(_("Work under way, by agent"), drawn, [one for one in series if any(one[1])]),
    )


def agent_line(agent: str, counts: dict[str, int]) -> AgentLine:
    """The agent's items, state by state."""

    def figure(key: str, words: str, count: int, **lookups: str) -> Figure:
        url = listed("backlog.item", agent_target__exact=agent, **lookups)
        return Figure(f"items-{agent}-{key}", words, count, url)

    return AgentLine(
        agent,
        figure("all", _("Total"), sum(counts.values()), state__in=",".join(ACTIVE)),
        [figure(state, str(state.label), counts.get(state, 0), state__exact=state) for state in ACTIVE],
    )


# -- streams and dead letters ----------------------------------------------------------------------
def consumer_groups(user: User) -> Streams:
    """How far each group of the log and of the work streams has read."""
    try:
        found = [(name, group) for name in streams.ours() for group in streams.groups(name)]
    except streams.BROKER_ERRORS:
        return Streams([], away=True)
    may_see_items = may_see(user, "backlog.item")
    return Streams([group_line(name, group, may_see_items=may_see_items) for name, group in found], away=False)


def group_line(name: str, group: streams.GroupStatus, *, may_see_items: bool) -> GroupLine:
    """A work stream's entries are its agent's items in progress; the log's are events."""
    url = listed("events.event")
    if name != settings.STREAM_NAME:
        agent = name.removeprefix(streams.work_stream(""))
        in_progress = {"agent_target__exact": agent, "state__exact": ItemState.IN_PROGRESS}
        url = listed("backlog.item", **in_progress) if may_see_items else listed("events.event", type=streams.DISPATCH)
    return GroupLine(name, group.name, group.lag, group.pending, url)


def open_letters() -> DeadLetters:
    """Two queries: how many are open, up to a bound, and the newest."""
    found = DeadLetter.objects.filter(state=DeadLetter.State.OPEN)
    count = found.order_by()[:MOST_COUNTED].count()
    newest = found.order_by("-id").only("event_type", "reason", "last_seen")[:NEWEST_LETTERS]
    url = listed("events.deadletter", state__exact=DeadLetter.State.OPEN)
    total = Figure("letters", _("Open"), count, url, more=count >= MOST_COUNTED)
    aside = SetAside.objects.order_by()[:MOST_COUNTED].count()
    more = aside >= MOST_COUNTED
    set_aside = Figure("set-aside", _("Projects set aside"), aside, listed("events.setaside"), more=more)
    return DeadLetters(total, [letter_line(letter) for letter in newest], set_aside)


def letter_line(letter: DeadLetter) -> LetterLine:
    """What it is and why it is there, with what cannot be seen made visible."""
    return LetterLine(
        what=visible(letter.event_type, longest=LONGEST_REASON) or _("An entry that cannot be read"),
        reason=visible(letter.reason, longest=LONGEST_REASON),
        seen=letter.last_seen,
        url=reverse("admin:events_deadletter_change", args=[letter.pk]),
    )
