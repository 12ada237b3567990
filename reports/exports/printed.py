"""The printed form of a report: which parts it has, in which order, and what stands in each of them.

An empty part is left out. A long table is shortened where people read first, and complete in the annex.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import orjson
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from charts.figure import exact_number, localized_number
from reports.drawing import COLOURS, picture_of
from reports.exports.blocks import Block, Card, Figures, Grid, Part, Picture, Points, Text
from reports.figures import in_unit, money_in_words, number_in_words, shortened_text
from reports.model import Finding, Plot, Report, Section, Table, Unit
from reports.scenario_words import interval_in_words
from reports.showing import shown_table

# So many rows of a table stand where people read first; the annex has all of them.
MOST_FIRST_ROWS = 12
# A longer table is for a workbook: it would make a PDF of hundreds of pages.
MOST_ANNEX_ROWS = 500
MOST_WARNINGS = 100
# A longer text of a deliverable belongs in its file.
LONGEST_TEXT = 4000
# A heat map with more columns needs the width of the page.
MOST_NARROW_COLUMNS = 14


def parts_of(report: Report, *, for_staff: bool) -> list[Part]:
    """Return the parts of the printed report that are not empty; with `for_staff`, those for staff too."""
    candidates = [
        Part(_("In short"), list(in_short(report))),
        *executive_part(report),
        Part(_("Main findings"), [card_of(finding) for finding in report.main_findings]),
        Part(_("Further findings"), [card_of(finding) for finding in report.further_findings]),
        Part(_("What an agent could take over"), list(scenario_blocks(report))),
        Part(_("In pictures"), pictures_of(report.plots)),
        Part(_("In figures"), [first_rows(table, report.currency) for table in report.tables if table.rows]),
        Part(_("Assumptions"), list(assumption_blocks(report))),
        Part(_("Quality of the data"), list(quality_blocks(report))),
        Part(_("Who gave what"), list(provenance_blocks(report))),
        *(Part(section.title, list(section_blocks(section))) for section in report.results),
        Part(_("Annex: complete tables"), long_tables(report), on_new_page=True),
    ]
    if for_staff:
        candidates += [Part(section.title, list(section_blocks(section)), True) for section in report.annex]
    return [part for part in candidates if part.blocks]


# -- what people read first ------------------------------------------------------------------------
def in_short(report: Report) -> Iterator[Block]:
    """Yield what makes the figures doubtful, the summary, and the headline figures."""
    if not report.period.is_stated:
        yield Text(
            _(
                "Nobody said which period the data cover, and the file has no dates. Figures a month and a year rest "
                "on the assumption that is named below."
            ),
            is_warning=True,
        )
    failed = next((figure for figure in report.quality.counts if figure.key == "checks_failed"), None)
    if failed and failed.value:
        words = _(
            "%(n)s of our own checks of these figures failed. Do not rely on the figures before our staff have "
            "looked at them."
        )
        yield Text(words % {"n": failed.words}, is_warning=True)
    if report.summary:
        yield Text(" ".join(report.summary))
    if report.headline:
        yield Figures([(figure.words, figure.label) for figure in report.headline])


def executive_part(report: Report) -> Iterator[Part]:
    """Yield the part about the executive summary, with the mark that says who wrote it; nothing if there is none."""
    if (found := report.executive_summary) is not None:
        sentences = [Text(" ".join(found.sentences))] if found.sentences else []
        notes = [Text(note, is_quiet=True) for note in found.notes]
        yield Part(found.title, [Text(found.mark, is_warning=found.is_by_model), *sentences, *notes])


def card_of(finding: Finding) -> Card:
    """Return a finding as a card, with why it could or could not be automated."""
    texts = [finding.text] if finding.text else []
    if finding.automatable is not None:
        verdict = _("Could be automated.") if finding.automatable else _("Stays with people.")
        texts.append(f"{verdict} {finding.why}".strip())
    return Card(finding.title, [(figure.words, figure.label) for figure in finding.figures], texts, finding.formula)


def scenario_blocks(report: Report) -> Iterator[Block]:
    """Yield the figures of the scenario, that they are an assumption, and the formula with its numbers."""
    scenario = report.scenario
    if scenario is None:
        return
    figures = [
        (in_unit(scenario.avoidable_percent, Unit.PERCENT), _("of the work, at most")),
        (in_unit(scenario.recovered_hours, Unit.HOURS), _("a month")),
    ]
    for amount, label in (
        (scenario.recovered_monthly_cost, _("worth a month")),
        (scenario.recovered_annual_cost, _("worth a year")),
    ):
        if amount is not None:
            figures.append((money_in_words(amount, report.currency), label))
    yield Figures(figures)
    if interval := interval_in_words(scenario):
        yield Text(_("Hours a month: %(interval)s.") % {"interval": interval})
    yield Text(
        _(
            "This is an assumption and no measurement. The recurring share is counted in your data; the cap and the "
            "factor are rules of thumb, and the section on assumptions says who chose them."
        )
    )
    yield Text(scenario.formula, is_quiet=True)


# -- plots and tables ------------------------------------------------------------------------------
def pictures_of(plots: Sequence[Plot]) -> list[Picture]:
    """Return the plots that have something to draw."""
    drawn = ((plot, picture_of(plot)) for plot in plots)
    return [
        Picture(svg, plot.title, alternative_of(plot), legend_of(plot), is_wide=len(plot.columns) > MOST_NARROW_COLUMNS)
        for plot, svg in drawn
        if svg
    ]


def alternative_of(plot: Plot) -> str:
    """Return what a screen reader reads in place of the picture: its numbers, except of a heat map, which has many."""
    if plot.kind == "heat":
        return plot.description or plot.title
    lines = (f"{label}: {', '.join(value_of(value, plot.unit) for value in values)}" for label, *values in plot.series)
    return shortened_text(f"{plot.title}. {'; '.join(lines)}")


def legend_of(plot: Plot) -> list[tuple[str, str, str]]:
    """Return (colour, name, value) for each part of a ring, which has no labels in it; empty for other plots."""
    if plot.kind != "donut":
        return []
    return [
        (COLOURS[number % len(COLOURS)], str(label), value_of(value, plot.unit))
        for number, (label, value) in enumerate(plot.series)
    ]


def value_of(value: float, unit: str) -> str:
    """Return a value of a plot in words."""
    return localized_number(exact_number(value, negative=True), unit)


def first_rows(table: Table, currency: str) -> Grid:
    """Return the first rows of a table; a note says where the others are."""
    words = _("The first %(n)s of %(all)s rows; the annex has all of them.")
    if len(table.rows) > MOST_ANNEX_ROWS:
        words = _("The first %(n)s of %(all)s rows; the annex has more of them.")
    return shortened_grid(table, currency, MOST_FIRST_ROWS, words)


def long_tables(report: Report) -> list[Grid]:
    """Return the tables that are shortened where people read first, with MOST_ANNEX_ROWS rows at most."""
    words = _("The first %(n)s of %(all)s rows; the workbook has all of them.")
    tables = (table for table in report.tables if len(table.rows) > MOST_FIRST_ROWS)
    return [shortened_grid(table, report.currency, MOST_ANNEX_ROWS, words) for table in tables]


def shortened_grid(table: Table, currency: str, most: int, words: str) -> Grid:
    """Return a table; if it has more than `most` rows only those, without sums and with a note in these words."""
    complete = grid_of(table, currency)
    if len(table.rows) <= most:
        return complete
    note = words % {"n": number_in_words(most), "all": number_in_words(len(table.rows) + table.left)}
    return replace(complete, rows=complete.rows[:most], total=[], note=note)


def grid_of(table: Table, currency: str) -> Grid:
    """Return all rows of a table in words, with its sums."""
    shown = shown_table(table, currency)
    note = ""
    if table.left:
        words = ngettext(
            "%(n)s more row is in the CSV file of the report's page.",
            "%(n)s more rows are in the CSV file of the report's page.",
            table.left,
        )
        note = words % {"n": number_in_words(table.left)}
    rows = [line.cells for line in shown.lines]
    return Grid(shown.headings, rows, sorted(shown.numeric), shown.total, shown.title, note)


# -- how the figures came about --------------------------------------------------------------------
def assumption_blocks(report: Report) -> Iterator[Block]:
    """Yield the table of the assumptions."""
    rows = [[each.title, each.words, f"{each.source_words}\n{each.why}".strip()] for each in report.assumptions]
    if rows:
        yield Grid([_("What"), _("Value"), _("Where it comes from")], rows)


def quality_blocks(report: Report) -> Iterator[Block]:
    """Yield the file's name, the counts and the warnings about the file."""
    quality = report.quality
    if quality.file:
        yield Text(_("The data come from the file “%(name)s”.") % {"name": quality.file})
    if quality.counts:
        yield Points([f"{figure.words} {figure.label}" for figure in quality.counts])
    if quality.warnings:
        rows = [
            [str(warning.row or "–"), warning.column or "–", warning.message]
            for warning in quality.warnings[:MOST_WARNINGS]
        ]
        left = len(quality.warnings) - len(rows) + quality.left
        words = ngettext("%(n)s more warning is not listed.", "%(n)s more warnings are not listed.", left)
        note = words % {"n": number_in_words(left)} if left else ""
        yield Grid([_("Row"), _("Column"), _("Why")], rows, [0], title=_("Warnings about the file"), note=note)
    elif quality.file:
        yield Text(_("The file was read without a warning."))


def provenance_blocks(report: Report) -> Iterator[Block]:
    """Yield the table of who gave each field of the request, when, and through which door."""
    rows = [
        [
            answer.title,
            shortened_text(answer.words),
            f"{answer.by}, {answer.door_words}" if answer.by else _("not recorded"),
            date_format(localtime(answer.at), "DATETIME_FORMAT") if answer.at else "–",
        ]
        for answer in report.provenance
    ]
    if rows:
        yield Grid([_("Field"), _("Value"), _("From"), _("When")], rows)


def section_blocks(section: Section) -> Iterator[Block]:
    """Yield a deliverable as it is: its points, values, tables and texts, and everything else as JSON."""
    if section.mark:
        yield Text(section.mark, is_warning=True)
    if section.points:
        yield Points(list(section.points))
    if section.facts:
        yield Grid([_("What"), _("Value")], [[words, value] for words, value in section.facts])
    for table in section.tables:
        if table.rows:
            yield grid_of(table, "")
    for name, text in section.texts:
        yield Text(name, is_quiet=True)
        yield Text(cut_text(text))
    if section.raw:
        yield Text(_("Everything else"), is_quiet=True)
        yield Text(cut_text(orjson.dumps(section.raw, default=str).decode()), is_quiet=True)


def cut_text(text: str) -> str:
    """Return the text; of a long one the beginning, with a sentence that says where the rest is."""
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… {_('(The rest is in the file of this deliverable, on the page of the report.)')}"
