"""The executive summary of a report: what a language model wrote, marked as such, or why none wrote it."""

from django.utils.translation import gettext as _

from pages.admin_pages import bounded_text
from reports.by_model import is_by_model, notes_about, tells_who_wrote, why_nobody, writer_in_words
from reports.contents import Content, number_at, text_at
from reports.model import ExecutiveSummary
from reports.sources import EXECUTIVE, Sources

MOST_SENTENCES = 8


def executive_summary_of(sources: Sources) -> ExecutiveSummary | None:
    """Return the executive summary; None if no item of the project was to bring one."""
    content = sources.content(EXECUTIVE)
    if not tells_who_wrote(content):
        return None
    by_model = is_by_model(content)
    return ExecutiveSummary(
        title=_("Executive summary, written by a language model") if by_model else _("Executive summary"),
        sentences=sentences_in(content) if by_model else [],
        is_by_model=by_model,
        model=text_at(content, "model"),
        mark=mark_of(content) if by_model else reason_of(content),
        notes=notes_about(content),
        cost_usd=number_at(content, "cost_usd"),
    )


def sentences_in(content: Content) -> list[str]:
    """Return the sentences of the prose."""
    found = content.get("sentences")
    texts = [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
    return [bounded_text(text) for text in texts[:MOST_SENTENCES]]


def mark_of(content: Content) -> str:
    """Return in words which model wrote the prose, and what was checked about it."""
    checked = _("Each figure in it was compared with the computed figures; nobody has checked the words around them.")
    return f"{writer_in_words(content)} {checked}"


def reason_of(content: Content) -> str:
    """Return in words why no model wrote a summary. What stands under “In short” is made by rules in any case."""
    return f"{why_nobody(content)} {_('The summary of this report is made by rules, from the figures.')}"
