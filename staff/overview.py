"""Compute the overview, the staff's home page: open questions, projects, work items, throughput, streams, dead letters.

All queries use an index and read only active rows and those of the last day, so old rows cost no time.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.walls import sees_installation, within_organisation
from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from charts import stacked
from clarifications.models import Question, QuestionStatus
from events import streams
from events.abandoned import abandoned_since
from events.deadletters.repair import visible_text
from events.envelope import DISPATCH
from events.models import DeadLetter, SetAside
from events.partitions import is_log
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
from staff.throughput import DAY, HOUR, hourly_plots, hours_of_the_day, summary_in_words

# Rows that may accumulate for years are counted up to this number only.
MOST_COUNTED = 10_000
# The throughput of the last day is computed from at most this many projects, the newest.
MOST_FINISHED = 20_000
NEWEST_LETTERS = 5
LONGEST_REASON = 160
MOST_DRAWN = 10
MOST_AGENTS = 40
FINISHED_STATES = [ItemState.DONE, ItemState.CANCELLED]
ACTIVE = [state for state in ItemState if state not in FINISHED_STATES]

Lookups = dict[str, Any]


def overview_for(user: User) -> Overview:
    """Return the parts of the overview that the person may see, as of the current minute; at most ten queries.

    Only what belongs to the person's organisation is counted. The streams carry that of all.
    """
    now = timezone.now().replace(second=0, microsecond=0)
    finished = newest_finished(user, now) if may_see(user, "backlog.project") else None
    return Overview(
        questions=open_questions(user, now) if may_see(user, "clarifications.question") else None,
        projects=None if finished is None else current_projects(user, now, finished),
        items=active_items(user) if may_see(user, "backlog.item") else None,
        flow=None if finished is None else flow_of_the_day(now, finished),
        streams=consumer_groups(user) if may_see(user, "events.event") and sees_installation(user) else None,
        letters=open_letters(user) if may_see(user, "events.deadletter") else None,
    )


def may_see(user: User, model: str) -> bool:
    """Return True if the person may view the model's list; the permission to change includes it."""
    app, _dot, name = model.partition(".")
    return user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}")


def list_url(model: str, **lookups: Any) -> str:
    """Return the address of the model's admin list, filtered by the lookups."""
    query = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in lookups.items()}
    return f"{list_address(model)}?{urlencode(query)}" if query else list_address(model)


@cache
def list_address(model: str) -> str:
    """Return the address of the model's admin list without a filter."""
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


# -- questions -------------------------------------------------------------------------------------
def open_questions(user: User, now: datetime) -> Questions:
    """Return the figures about open questions: total, overdue, by age, by holder; one query."""
    figures: list[tuple[str, str, Lookups]] = [
        ("questions", _("Open"), {}),
        ("overdue", _("Overdue"), {"due_at__lt": now}),
        *age_ranges(now),
        ("person", _("A person"), {"assigned_to__isnull": False}),
        ("group", _("A group"), {"assigned_to__isnull": True, "assigned_group__gt": ""}),
        ("anybody", _("Anybody"), {"assigned_to__isnull": True, "assigned_group__exact": ""}),
    ]
    open_ones = within_organisation(user, Question.objects.filter(status=QuestionStatus.OPEN))
    counts = open_ones.aggregate(
        **{key: Count("pk", filter=Q(**lookups)) if lookups else Count("*") for key, _words, lookups in figures}
    )
    total, overdue, *others = (
        Figure(key, words, counts[key], list_url("clarifications.question", whose="all", **lookups))
        for key, words, lookups in figures
    )
    return Questions(total, overdue, ages=others[:4], holders=others[4:])


def age_ranges(now: datetime) -> list[tuple[str, str, Lookups]]:
    """Return (key, words, lookups) of four ranges that divide the questions by their age."""
    hour_ago, four_hours_ago, day_ago = now - HOUR, now - timedelta(hours=4), now - DAY
    return [
        ("under-1-h", _("Under 1 hour"), {"asked_at__gte": hour_ago}),
        ("under-4-h", _("1 to 4 hours"), {"asked_at__gte": four_hours_ago, "asked_at__lt": hour_ago}),
        ("under-a-day", _("4 to 24 hours"), {"asked_at__gte": day_ago, "asked_at__lt": four_hours_ago}),
        ("older", _("More than a day"), {"asked_at__lt": day_ago}),
    ]


# -- projects --------------------------------------------------------------------------------------
def newest_finished(user: User, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return (opened, finished) of the projects done in the last 24 hours, newest first, at most MOST_FINISHED."""
    done = Project.objects.filter(status=ProjectStatus.DONE, finished_at__gte=now - DAY)
    projects = within_organisation(user, done).order_by("-finished_at")
    return list(projects.values_list("opened_at", "finished_at")[:MOST_FINISHED])  # type: ignore[arg-type]


def current_projects(user: User, now: datetime, finished: list[tuple[datetime, datetime]]) -> Projects:
    """Return the figures about projects: open, waiting, failed (at most MOST_COUNTED), and finished; three queries."""
    own = within_organisation(user, Project.objects.order_by())
    unfinished = own.filter(status__in=[ProjectStatus.OPEN, ProjectStatus.WAITING])
    counts = dict(unfinished.values_list("status").annotate(number=Count("*")))
    failed = own.filter(status=ProjectStatus.FAILED)[:MOST_COUNTED].count()
    counts[ProjectStatus.FAILED] = failed
    return Projects(
        states=[
            Figure(
                f"project-{status}",
                str(status.label),
                counts.get(status, 0),
                list_url("backlog.project", status__exact=status),
                state=status,
                more=counts.get(status, 0) >= MOST_COUNTED and status == ProjectStatus.FAILED,
            )
            for status in (ProjectStatus.OPEN, ProjectStatus.WAITING, ProjectStatus.FAILED)
        ],
        finished=Figure(
            "finished",
            _("Finished in the last 24 hours"),
            len(finished),
            list_url("backlog.project", status__exact=ProjectStatus.DONE, finished_at__gte=now - DAY),
            state=ProjectStatus.DONE,
            more=len(finished) >= MOST_FINISHED,
        ),
        none_yet=not own[:1].exists(),
    )


def flow_of_the_day(now: datetime, finished: list[tuple[datetime, datetime]]) -> Flow:
    """Return throughput and lead times of the last 24 hours, hour by hour; no query."""
    by_hour = hours_of_the_day(finished, now)
    during = [(hour, {"finished_at__gte": hour.starts, "finished_at__lt": hour.ends}) for hour in by_hour]
    done = {"status__exact": ProjectStatus.DONE}
    return Flow(
        summary=summary_in_words(finished),
        hours=[(hour, list_url("backlog.project", **done, **times)) for hour, times in during],
        plots=hourly_plots(by_hour) if finished else [],
        bounded=len(finished) >= MOST_FINISHED,
    )


# -- items -----------------------------------------------------------------------------------------
def active_items(user: User) -> Items:
    """Return the active items by agent and state; one query over the index of active items."""
    active = within_organisation(user, Item.objects.filter(~Q(state__in=FINISHED_STATES)).order_by())
    counts: dict[str, dict[str, int]] = {}
    for agent, state, count in active.values_list("agent_target", "state").annotate(number=Count("*")):
        counts.setdefault(agent, {})[state] = count
    busiest = sorted(counts, key=lambda agent: (-sum(counts[agent].values()), agent))
    in_plot = busiest[:MOST_DRAWN]
    series = [(str(state.label), [counts[agent].get(state, 0) for agent in in_plot]) for state in ACTIVE]
    return Items(
        states=[str(state.label) for state in ACTIVE],
        agents=[agent_line(agent, counts[agent]) for agent in busiest[:MOST_AGENTS]],
        unnamed=len(busiest[MOST_AGENTS:]),
        plot=stacked(
            _("Work under way, by agent"), in_plot, [(name, values) for name, values in series if any(values)]
        ),
    )


def agent_line(agent: str, counts: dict[str, int]) -> AgentLine:
    """Return the agent's active items: the total, and a figure for each state."""

    def figure(key: str, words: str, count: int, **lookups: str) -> Figure:
        url = list_url("backlog.item", agent_target__exact=agent, **lookups)
        return Figure(f"items-{agent}-{key}", words, count, url)

    return AgentLine(
        agent,
        figure("all", _("Total"), sum(counts.values()), state__in=",".join(ACTIVE)),
        [figure(state, str(state.label), counts.get(state, 0), state__exact=state) for state in ACTIVE],
    )


# -- streams and dead letters ----------------------------------------------------------------------
def consumer_groups(user: User) -> Streams:
    """Return how far each group of the log and of the work streams has read; `away` if the broker does not answer."""
    try:
        groups = [(name, group) for name in streams.own_streams() for group in streams.groups(name)]
    except streams.BROKER_ERRORS:
        return Streams([], away=True)
    may_see_items, unread = may_see(user, "backlog.item"), abandoned_since()
    lines = [group_line(name, group, may_see_items=may_see_items) for name, group in groups]
    return Streams([replace(line, unread_since=unread.get((line.stream, line.group))) for line in lines], away=False)


def group_line(name: str, group: streams.GroupStatus, *, may_see_items: bool) -> GroupLine:
    """Return the figures of a consumer group, with a link to its agent's items in progress, or else to events."""
    url = list_url("events.event")
    if not is_log(name):
        agent = name.removeprefix(streams.work_stream(""))
        in_progress = {"agent_target__exact": agent, "state__exact": ItemState.IN_PROGRESS}
        url = list_url("backlog.item", **in_progress) if may_see_items else list_url("events.event", type=DISPATCH)
    return GroupLine(name, group.name, group.lag, group.pending, url)


def open_letters(user: User) -> DeadLetters:
    """Return the count of open dead letters, the newest of them, and the count of projects set aside."""
    letters = within_organisation(user, DeadLetter.objects.filter(state=DeadLetter.State.OPEN))
    count = letters.order_by()[:MOST_COUNTED].count()
    newest = letters.order_by("-id").only("event_type", "reason", "last_seen")[:NEWEST_LETTERS]
    url = list_url("events.deadletter", state__exact=DeadLetter.State.OPEN)
    total = Figure("letters", _("Open"), count, url, more=count >= MOST_COUNTED)
    aside = within_organisation(user, SetAside.objects.order_by())[:MOST_COUNTED].count()
    more = aside >= MOST_COUNTED
    set_aside = Figure("set-aside", _("Projects set aside"), aside, list_url("events.setaside"), more=more)
    return DeadLetters(total, [letter_line(letter) for letter in newest], set_aside)


def letter_line(letter: DeadLetter) -> LetterLine:
    """Return the dead letter's event type and reason; invisible characters are shown as escapes."""
    return LetterLine(
        what=visible_text(letter.event_type, longest=LONGEST_REASON) or _("An entry that cannot be read"),
        reason=visible_text(letter.reason, longest=LONGEST_REASON),
        seen=letter.last_seen,
        url=reverse("admin:events_deadletter_change", args=[letter.pk]),
    )
