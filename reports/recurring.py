"""The recurring tasks of a report, each with its hours, and why it could or could not be automated."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.by_model import is_by_model
from reports.contents import Content, count_at, flag_at, number_at, objects_at, text_at
from reports.figures import in_unit, name_in_words, number_in_words
from reports.hours import hours_finding
from reports.model import Finding, RowsBehind, Unit
from reports.sources import FRICTION, TASK_NAMES, Sources


def recurring_findings(sources: Sources) -> list[Finding]:
    """Return the recurring tasks, those with the most hours first."""
    clusters, names = objects_at(sources.content(FRICTION), "clusters"), names_by_model(sources)
    found = [
        task for number, cluster in enumerate(clusters) if (task := recurring_task(sources, cluster, number, names))
    ]
    return sorted(found, key=lambda task: -(task.hours or 0))


def names_by_model(sources: Sources) -> dict[str, str]:
    """Return the names that a language model gave to recurring tasks, by fingerprint; none without such names."""
    content = sources.content(TASK_NAMES)
    lines = objects_at(content, "names") if is_by_model(content) else []
    return {form: text_at(line, "name") for line in lines if (form := text_at(line, "fingerprint"))}


def recurring_task(sources: Sources, cluster: Content, number: int, names: Mapping[str, str]) -> Finding | None:
    """Return one recurring task as a finding; None for a cluster without a text or a count."""
    title, count = text_at(cluster, "sample_text"), count_at(cluster, "count")
    if not title or count is None:
        return None
    minutes = number_at(cluster, "minutes") or 0.0
    values = {"n": number_in_words(count), "minutes": in_unit(minutes, Unit.MINUTES)}
    formula = ngettext(
        "The durations of %(n)s row with this text or nearly this text: %(minutes)s ÷ 60.",
        "The durations of %(n)s rows with this text or nearly this text: %(minutes)s ÷ 60.",
        count,
    )
    fingerprint = text_at(cluster, "fingerprint")
    rows, name = RowsBehind("task", fingerprint or title, count), names.get(fingerprint, "")
    finding = hours_finding(
        sources, f"task-{number}", title, circumstances(cluster, count, name), minutes / 60,
        formula=formula % values, rows=rows, automatable=flag_at(cluster, "automatable"), why=reason_in_words(cluster),
        why_code=text_at(cluster, "why"),
    )  # fmt: skip
    return replace(finding, name_by_model=name)


def circumstances(cluster: Content, count: int, name: str) -> str:
    """Return how often the task was done, in which category, by how many people, and what a model calls it."""
    parts = [ngettext("%(n)s time", "%(n)s times", count) % {"n": number_in_words(count)}]
    if category := text_at(cluster, "category"):
        parts.append(_("in “%(category)s”") % {"category": category})
    people = count_at(cluster, "people")
    if people:
        parts.append(ngettext("by %(n)s person", "by %(n)s people", people) % {"n": number_in_words(people)})
    if name:
        parts.append(_("called “%(name)s” by a language model") % {"name": name})
    return ", ".join(parts)


def reason_in_words(cluster: Content) -> str:
    """Return in a sentence why the task could or could not be automated; empty if nobody judged it."""
    code = text_at(cluster, "why")
    known = {
        "meeting": _("A meeting is between people."),
        "judgement": _("It needs a person's judgement."),
        "rare": _("It comes too rarely to be worth it."),
        "rule_based": _("It follows rules that can be written down."),
        "reporting": _("It puts figures together that are there already."),
        "messaging": _("It sends messages that are much alike."),
        "lookup": _("It looks up what is written somewhere."),
        "repetitive": _("It recurs, and no word of it says that it needs a person."),
        "data_entry": _("It moves data from one place to another."),
    }
    return known.get(code) or (name_in_words(code) if code else "")
