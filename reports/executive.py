"""The executive summary of a report: what a language model wrote, marked as such, or why none wrote it."""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pages.admin_pages import bounded_text
from reports.contents import Content, count_at, flag_at, number_at, objects_at, text_at
from reports.figures import number_in_words
from reports.model import ExecutiveSummary
from reports.sources import EXECUTIVE, Sources

MOST_SENTENCES = 8
COST_DECIMALS = 4


def executive_summary_of(sources: Sources) -> ExecutiveSummary | None:
    """Return the executive summary; None if no item of the project was to bring one."""
    content = sources.content(EXECUTIVE)
    if not is_executive_summary(content):
        return None
    is_by_model = text_at(content, "written_by") == "model"
    return ExecutiveSummary(
        title=_("Executive summary, written by a language model") if is_by_model else _("Executive summary"),
        sentences=sentences_in(content) if is_by_model else [],
        is_by_model=is_by_model,
        model=text_at(content, "model"),
        mark=mark_of(content) if is_by_model else why_nobody(text_at(content, "reason")),
        notes=[*cost_note(content), *masked_note(content)],
        cost_usd=number_at(content, "cost_usd"),
    )


def is_executive_summary(content: Content) -> bool:
    """Return True if the content says who wrote it, as Interlock's own worker does."""
    return text_at(content, "written_by") in ("model", "nobody")


def sentences_in(content: Content) -> list[str]:
    """Return the sentences of the prose."""
    found = content.get("sentences")
    texts = [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
    return [bounded_text(text) for text in texts[:MOST_SENTENCES]]


def mark_of(content: Content) -> str:
    """Return in words which model wrote the prose, and what was checked about it."""
    words = _(
        "The language model %(model)s (%(provider)s) wrote this text, with version %(version)s of our prompt. Each "
        "figure in it was compared with the computed figures; nobody has checked the words around them."
    )
    version = number_in_words(count_at(content, "prompt_version") or 0)
    return words % {"model": text_at(content, "model"), "provider": text_at(content, "provider"), "version": version}


def why_nobody(reason: str) -> str:
    """Return in words why no model wrote a summary. What stands under “In short” is made by rules in any case."""
    reasons = {
        "test_mode": _("No language model was asked for a text, because the test mode is on."),
        "no_key": _("No language model was asked for a text, because no key is set."),
        "over_budget": _("No language model was asked for a text, because the budget does not suffice."),
        "no_figures": _("No language model was asked for a text, because no figures were delivered."),
    }
    unusable = _("No language model gave a text whose figures are all among the computed ones.")
    return f"{reasons.get(reason, unusable)} {_('The summary of this report is made by rules, from the figures.')}"


def cost_note(content: Content) -> Iterator[str]:
    """Yield what the calls cost together; nothing if none was made."""
    calls, cost = count_at(content, "calls"), number_at(content, "cost_usd")
    if calls and cost is not None:
        values = {"n": number_in_words(calls), "cost": number_format(round(cost, COST_DECIMALS), COST_DECIMALS)}
        words = ngettext(
            "Cost: %(cost)s US dollars, for %(n)s call.", "Cost: %(cost)s US dollars, for %(n)s calls.", calls
        )
        yield words % values
        if flag_at(content, "is_estimate"):
            yield _("The provider did not count all calls: for those, this is the most that they can have cost.")


def masked_note(content: Content) -> Iterator[str]:
    """Yield what was masked before anything left; nothing if nothing was."""
    counts = [(text_at(line, "kind"), count_at(line, "count") or 0) for line in objects_at(content, "masked")]
    if counts:
        named = ", ".join(masked_in_words(kind, count) for kind, count in counts)
        yield _("Masked before the model was asked: %(what)s.") % {"what": named}


def masked_in_words(kind: str, count: int) -> str:
    """Return how many texts of this kind were masked."""
    words = {
        "name": ngettext("%(n)s name", "%(n)s names", count),
        "mail": ngettext("%(n)s mail address", "%(n)s mail addresses", count),
        "number": ngettext("%(n)s number", "%(n)s numbers", count),
        "link": ngettext("%(n)s link", "%(n)s links", count),
    }
    return words.get(kind, ngettext("%(n)s other text", "%(n)s other texts", count)) % {"n": number_in_words(count)}
