"""The agent that finds recurring tasks and estimates which share of the work could be avoided."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field

from workers.agents.analysis.automation import is_automatable, is_meeting, kind_of_task
from workers.agents.analysis.cases import cases_content
from workers.agents.analysis.fragmentation import fragmentation, meetings
from workers.agents.analysis.tally import MOST_TEXTS_NAMED, RowTally, tally_of
from workers.agents.analysis.task_words import MEETING
from workers.agents.figures import LONGEST_CATEGORY, RowStats, confidence, percent_of, require_rows, rounded
from workers.agents.recurrence import Recurrence, Task, recurrence_from
from workers.contract import AgentInput, Result, agent

MOST_CLUSTERS_SHOWN = 50
LONGEST_TEXT_SHOWN = 200

Percent = Annotated[Decimal, Field(ge=0, le=100)]


class FrictionInput(AgentInput):
    """The input; the template sets the two coefficients, and the result states them."""

    friction_cap_percent: Percent = Field(Decimal(60), title="Most that can be avoided, in percent")
    friction_factor: Annotated[Decimal, Field(ge=0, le=10)] = Field(
        Decimal("1.25"), title="Avoidable share a recurring share"
    )


@dataclass(frozen=True)
class Friction:
    """The counts of the rows, their tasks, and the two coefficients. Percentages are from 0 to 100 and not rounded."""

    tally: RowTally
    recurrence: Recurrence
    cap_percent: Decimal
    factor: Decimal

    @property
    def recurring_share(self) -> Decimal:
        """Return the recurring rows in percent of all rows."""
        return percent_of(self.recurrence.recurring_rows, self.recurrence.total_rows)

    @cached_property
    def avoidable_tasks(self) -> list[Task]:
        """Return the recurring tasks that are no meetings."""
        return [task for task in self.recurrence.tasks if not is_meeting_task(task)]

    @property
    def recurring_meetings(self) -> int:
        """Return how many of the recurring rows belong to a meeting that recurs."""
        return self.recurrence.recurring_rows - sum(task.count for task in self.avoidable_tasks)

    @property
    def avoidable_share(self) -> Decimal:
        """Return the recurring rows except meetings in percent of all rows: what the factor is applied to.

        A meeting is between people: no agent can sit in it for them, however often it recurs. Other tasks that need a
        person in part, such as those of judgement, stay in: the cap and the factor stand for what remains with people.
        """
        rows = self.recurrence.recurring_rows - self.recurring_meetings
        return percent_of(rows, self.recurrence.total_rows)

    @property
    def avoidable_percent(self) -> Decimal:
        """Return the avoidable percentage: min(cap, factor × avoidable share)."""
        return min(self.cap_percent, self.factor * self.avoidable_share)


def friction_of(work: FrictionInput, stats: RowStats, *, with_steps: bool = True) -> Friction:
    """Return the friction in the rows, and add the rows to `stats`. Raises Missing without rows.

    `with_steps` is False where neither switches nor cases are needed: it saves half of the time.
    """
    tally = tally_of(stats.counting(require_rows(work.rows)), with_steps=with_steps)
    return Friction(tally, recurrence_from(tally), work.friction_cap_percent, work.friction_factor)


def is_meeting_task(task: Task) -> bool:
    """Return True if more than half of the task's rows are meetings by their text or category."""
    return 2 * sum(text.count for text in task.texts if is_meeting(text.shape, text.category)) > task.count


@agent("friction_worker", deliverable="friction_analysis")
def analyse_friction(work: FrictionInput) -> Result:
    """Return clusters of recurring tasks, the avoidable percentage with its coefficients, and what cuts up the work."""
    stats = RowStats()
    friction = friction_of(work, stats)
    content = content_of(friction)
    headline = ("recurring_count", "recurring_share", "avoidable_percent", "cluster_count")
    evidence = {"deliverable": "friction_analysis", "rows_read": stats.rows, **{key: content[key] for key in headline}}
    return Result(content, evidence, confidence(stats, has_rate=work.hourly_rate is not None))


def content_of(friction: Friction) -> dict[str, Any]:
    """Return the deliverable's content; all shares are percentages from 0 to 100."""
    recurrence = friction.recurrence
    tasks = recurrence.tasks
    content = {
        "total_rows": recurrence.total_rows,
        "recurring_count": recurrence.recurring_rows,
        "recurring_share": rounded(friction.recurring_share),
        "avoidable_percent": rounded(friction.avoidable_percent),
        "coefficients": {"cap_percent": float(friction.cap_percent), "factor": float(friction.factor)},
        "cluster_count": len(tasks),
        "clusters": [cluster(task, friction.tally) for task in tasks[:MOST_CLUSTERS_SHOWN]],
    }
    if friction.recurring_meetings:
        content["recurring_without_meetings"] = recurrence.recurring_rows - friction.recurring_meetings
    return content | told_content(friction) | ({"limited": True} if recurrence.limited else {})


def told_content(friction: Friction) -> dict[str, Any]:
    """Return the parts of the content that not all rows tell: fragmentation, meetings, rework and waiting."""
    tally, recurrence = friction.tally, friction.recurrence
    groups, names = recurrence.group_of_text(tally), [task.sample_text for task in recurrence.groups]
    parts = {"fragmentation": fragmentation(tally, groups), "meetings": meetings(tally)}
    return {name: part for name, part in parts.items() if part} | cases_content(tally, groups, names)


def cluster(task: Task, tally: RowTally) -> dict[str, Any]:
    """Return one recurring task as a cluster of the deliverable.

    `category` is the one of most of its rows, `people` how many did it, each where the rows tell it. `automatable`
    says whether an agent could do it, `why` is the code of its kind of work in `task_words`.
    """
    category = most_frequent_category(task)
    kind = MEETING if is_meeting_task(task) else kind_of_task(task.sample_text, category, task.count, tally.rows)
    content = {
        "fingerprint": task.fingerprint[:LONGEST_TEXT_SHOWN],
        "count": task.count,
        "sample_text": task.sample_text[:LONGEST_TEXT_SHOWN],
        "minutes": rounded(task.minutes),
        "automatable": is_automatable(kind),
        "why": kind,
    }
    if category:
        content["category"] = category[:LONGEST_CATEGORY]
    texts = texts_of(task, tally)
    if texts and max(map(len, texts)) <= LONGEST_TEXT_SHOWN:
        content["texts"] = texts
    people = reduce(or_, (text.people for text in task.texts), 0).bit_count()
    return content | ({"people": people} if people and tally.tells_people else {})


def texts_of(task: Task, tally: RowTally) -> list[str]:
    """Return the different texts of the task in alphabetical order; none if there are more than MOST_TEXTS_NAMED."""
    if task.texts_number > MOST_TEXTS_NAMED:
        return []
    return sorted(name for shape in {text.shape for text in task.texts} for name in tally.by_shape[shape].named)


def most_frequent_category(task: Task) -> str:
    """Return the category of most of the task's rows; of equally frequent ones the alphabetically first."""
    counts = Counter[str]()
    for text in task.texts:
        counts[text.category] += text.count
    return min(counts, key=lambda category: (-counts[category], category))
