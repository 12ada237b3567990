"""What a language model wrote beside the computed figures: which one, at what cost, or why none did.

Whatever shows such a text has to show its mark as well.
"""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.contents import Content, count_at, flag_at, number_at, objects_at, text_at
from reports.figures import number_in_words
from reports.sources import NOT_APPROVED

COST_DECIMALS = 4
# Reasons for asking no model that say nothing to a reader: there was nothing to ask about.
NOTHING_TO_ASK = ("no_unclear_rows", "no_tasks", "no_requirements", "no_text")


def tells_who_wrote(content: Content) -> bool:
    """Return True if the content says who wrote it, as Interlock's own workers do."""
    return text_at(content, "written_by") in ("model", "nobody")


def is_by_model(content: Content) -> bool:
    """Return True if a language model wrote it."""
    return text_at(content, "written_by") == "model"


def writer_in_words(content: Content) -> str:
    """Return in words which model wrote it, with which version of the prompt."""
    words = _("The language model %(model)s (%(provider)s) wrote this text, with version %(version)s of our prompt.")
    version = number_in_words(count_at(content, "prompt_version") or 0)
    return words % {"model": text_at(content, "model"), "provider": text_at(content, "provider"), "version": version}


def why_nobody(content: Content) -> str:
    """Return in words why no model wrote it."""
    reasons = {
        "test_mode": _("No language model was asked for a text, because the test mode is on."),
        "no_key": _("No language model was asked for a text, because no key is set."),
        "over_budget": _("No language model was asked for a text, because the budget does not suffice."),
        "switched_off": _("No language model was asked for a text, because an administrator switched them off."),
        NOT_APPROVED: _("A language model wrote a text, and nobody has approved it yet."),
        "no_figures": _("No language model was asked for a text, because no figures were delivered."),
        "no_categories": _("No language model was asked, because the file has fewer than two categories."),
        "too_long": _("No language model was asked for a text, because the request is too long for it."),
    }
    return reasons.get(text_at(content, "reason")) or _("No language model gave a text that passed our checks.")


def notes_about(content: Content) -> list[str]:
    """Return what the calls cost, and what was masked before anything left."""
    return [*cost_note(content), *masked_note(content)]


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
