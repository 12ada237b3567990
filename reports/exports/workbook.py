"""A report as an Excel workbook: numbers as numbers, sums and the scenario as formulas that go on computing.

A formula is written only where it computes to the report's own figure; otherwise the figure itself stands in the cell.
So nothing in the workbook differs from the page, and what can be recomputed is.
"""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from reports.exports.sheets import Book, Sheet
from reports.exports.tables_in_sheets import add_table
from reports.exports.what_if import Names, add_scenario
from reports.exports.workbook_rows import add_rows
from reports.figures import in_unit
from reports.model import Finding, Report, Section, Table, Unit
from reports.sources import Sources

# These tables have sheets of their own; the others follow each other in one sheet.
CATEGORIES, RECURRING = "categories", "recurring"


def as_workbook(report: Report, sources: Sources) -> bytes:
    """Return the report as the bytes of an XLSX file, with a bounded number of the rows behind it."""
    book = Book(report.title, report.requester, report.currency, report.opened_at)
    summary, findings = book.sheet(_("Summary")), book.sheet(_("Findings"))
    categories, recurring = book.sheet(_("Categories")), book.sheet(_("Recurring tasks"))
    further, assumptions = book.sheet(_("Further tables")), book.sheet(_("Assumptions"))
    quality, provenance, rows = book.sheet(_("Data quality")), book.sheet(_("Provenance")), book.sheet(_("Rows"))
    names = add_assumptions(assumptions, report, sources.periods_a_month)
    for sheet, key in ((categories, CATEGORIES), (recurring, RECURRING)):
        add_one_table(sheet, next((table for table in report.tables if table.key == key), None), names)
    add_further_tables(further, [table for table in report.tables if table.key not in (CATEGORIES, RECURRING)], names)
    if report.by_model:
        add_written(book.sheet(_("By a language model")), report.by_model, names)
    add_summary(summary, report, names)
    add_findings(findings, report)
    add_quality(quality, report)
    add_provenance(provenance, report)
    add_rows(rows, sources)
    return book.content()


def add_summary(sheet: Sheet, report: Report, names: Names) -> None:
    """Write what the report is about, its sentences, and the headline figures, as formulas where they are sums."""
    sheet.widths(34, 90)
    sheet.title(report.title)
    about = [
        (_("State"), report.status_words),
        (_("Requested by"), report.requester or "–"),
        (_("Period of the data"), report.period.words),
        (_("Currency"), report.currency or _("not stated")),
    ]
    for name, value in about:
        sheet.line(name, value)
    sheet.skip()
    for sentence in report.summary:
        sheet.line("", sentence)
    sheet.skip()
    add_executive_summary(sheet, report)
    for figure in report.headline:
        formula, computed = names.headline.get(figure.key, ("", None))
        sheet.figure(figure.label, figure.value, figure.unit, formula, computed)
    if not report.period.is_stated:
        sheet.line(_("Note"), _("Nobody said which period the data cover: figures a month rest on an assumption."))


def add_executive_summary(sheet: Sheet, report: Report) -> None:
    """Write the executive summary, each sentence beside the words that say who wrote it; nothing if there is none."""
    if (found := report.executive_summary) is not None:
        sheet.line(found.title, found.mark)
        for sentence in found.sentences:
            sheet.line(_("Written by a language model"), sentence)
        for note in found.notes:
            sheet.line("", note)
        sheet.skip()


def add_findings(sheet: Sheet, report: Report) -> None:
    """Write one line for each finding, the largest first."""
    sheet.widths(44, 60, 14, 10, 14, 16, 12, 44, 60, 10)
    sheet.header(
        [
            *(_("Finding"), _("In words"), _("Hours in the period"), _("Share"), _("Hours a month")),
            *(_("Cost a month"), _("Could be automated"), _("Why"), _("How this was computed"), _("Rows")),
        ]
    )
    for finding in report.findings:
        sheet.row(list(cells_of(finding)))
    if not report.findings:
        sheet.row([(_("There are no findings."), Unit.NONE)])


def cells_of(finding: Finding) -> Iterator[tuple[object, Unit]]:
    """Yield the cells of a finding, each with its unit."""
    yield finding.title, Unit.NONE
    yield finding.text, Unit.NONE
    yield finding.hours, Unit.HOURS
    yield finding.share_percent, Unit.PERCENT
    yield finding.monthly_hours, Unit.HOURS
    yield finding.monthly_money, Unit.MONEY
    yield finding.automatable, Unit.NONE
    yield finding.why, Unit.NONE
    yield finding.formula, Unit.NONE
    yield finding.rows.count if finding.rows else None, Unit.COUNT


def add_one_table(sheet: Sheet, table: Table | None, names: Names) -> None:
    """Write the table; a sentence if it was not delivered."""
    if table is None or not table.rows:
        sheet.widths(60)
        sheet.line(_("Nothing was delivered for this sheet."))
        return
    add_table(sheet, table, names)


def add_further_tables(sheet: Sheet, tables: list[Table], names: Names) -> None:
    """Write the other tables below each other, each under its title."""
    sheet.widths(28, 18, 18, 18, 18)
    for table in tables:
        sheet.title(table.title)
        add_table(sheet, table, names, is_alone=False)
        sheet.skip()
    if not tables:
        sheet.line(_("Nothing was delivered for this sheet."))


def add_written(sheet: Sheet, sections: list[Section], names: Names) -> None:
    """Write what a language model wrote, each part under its title and the mark that says so."""
    sheet.widths(44, 44, 44, 44, 44)
    for section in sections:
        sheet.title(section.title)
        for words in (section.mark, *section.points):
            sheet.line(words)
        for table in section.tables:
            add_table(sheet, table, names, is_alone=False)
        sheet.skip()


def add_assumptions(sheet: Sheet, report: Report, periods_a_month: float | None) -> Names:
    """Write the scenario with the values that can be changed, then each assumption with where it comes from."""
    sheet.widths(42, 22, 80)
    names = add_scenario(sheet, report, periods_a_month)
    sheet.header([_("What"), _("Value"), _("Where it comes from")], is_frozen=False)
    for each in report.assumptions:
        sheet.row([(part, Unit.NONE) for part in (each.title, each.words, f"{each.source_words}\n{each.why}".strip())])
    return names


def add_quality(sheet: Sheet, report: Report) -> None:
    """Write the counts of the data and every warning about the file."""
    sheet.widths(44, 24, 90)
    quality = report.quality
    if quality.file:
        sheet.line(_("File"), quality.file)
    for figure in quality.counts:
        sheet.figure(figure.label, figure.value, figure.unit)
    sheet.skip()
    sheet.header([_("Row"), _("Column"), _("Why")], is_frozen=False)
    for warning in quality.warnings:
        sheet.row([(warning.row, Unit.COUNT), (warning.column, Unit.NONE), (warning.message, Unit.NONE)])
    if quality.left:
        words = _("%(n)s more warnings are counted and not listed.")
        sheet.line("", "", words % {"n": in_unit(quality.left, Unit.COUNT)})
    if not quality.warnings:
        sheet.line("", "", _("There are no warnings."))


def add_provenance(sheet: Sheet, report: Report) -> None:
    """Write for each field of the request who gave it, when, and through which door."""
    sheet.widths(32, 60, 24, 28, 22)
    sheet.header([_("Field"), _("Value"), _("From"), _("How"), _("When")])
    for each in report.provenance:
        at = each.at.isoformat(timespec="seconds") if each.at else None
        sheet.row([(part, Unit.NONE) for part in (each.title, each.words, each.by, each.door_words, at)])
