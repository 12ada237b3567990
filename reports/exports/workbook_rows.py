"""The sheet of the rows behind a report: the first rows of the request, as they were read."""

from itertools import islice

from django.utils.translation import gettext as _

from events.artifacts import ArtifactMissing
from reports.exports.sheets import Sheet
from reports.figures import number_in_words
from reports.rows import categories_put, row_columns, with_category_put
from reports.sources import Sources
from reports.stored_rows import rows_of_request

# A workbook of so many rows has about a megabyte and opens at once; all rows can be had over REST.
MOST_ROWS = 20_000


def add_rows(sheet: Sheet, sources: Sources) -> None:
    """Write the first MOST_ROWS rows with the columns that one of them has; a last line says if there are more."""
    try:
        found = list(islice(rows_of_request(sources.data), MOST_ROWS + 1))
    except ArtifactMissing:
        sheet.widths(80)
        sheet.line(_("The rows are not stored here any more, so they cannot be listed."))
        return
    put = categories_put(sources)
    rows = [with_category_put(row, put) for row in found[:MOST_ROWS]]
    columns = [column for column in row_columns() if any(row.get(column.key) not in (None, "") for row in rows)]
    sheet.widths(*(60 if column.key == "text" else 22 for column in columns))
    sheet.header([column.title for column in columns] or [_("There are no rows.")])
    for row in rows:
        sheet.row([(row.get(column.key), column.unit) for column in columns])
    if len(found) > MOST_ROWS:
        words = _("Only the first %(n)s rows are listed here. The figures of the report are of all rows.")
        sheet.line("", words % {"n": number_in_words(MOST_ROWS)})
