"""The answers about a request's file in the reader's language: what was decided, and how."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

UNITS = {
    "min": gettext_lazy("minutes"),
    "h": gettext_lazy("hours"),
    "s": gettext_lazy("seconds"),
    "ms": gettext_lazy("milliseconds"),
    "d": gettext_lazy("working days of 8 hours"),
    "w": gettext_lazy("working weeks of 40 hours"),
    "h.mm": gettext_lazy("hours and minutes: 9.15 is 9 h 15 min"),
    "hhmm": gettext_lazy("hours and minutes: 0130 is 1 h 30 min"),
    "day": gettext_lazy("fractions of a day of 24 hours"),
}
# The keys of a row of a request.
ROW_TITLES = {
    "row": gettext_lazy("Row in the file"),
    "text": gettext_lazy("What was done"),
    "category": gettext_lazy("Category"),
    "estimated_minutes": gettext_lazy("Minutes"),
    "started_at": gettext_lazy("Began"),
    "ended_at": gettext_lazy("Ended"),
    "person": gettext_lazy("Person"),
    "case": gettext_lazy("Case"),
}
FIELDS = {
    "duration_unit": gettext_lazy("Unit of the numbers"),
    "clock_form": gettext_lazy("Times such as 18:25"),
    "decimal_mark": gettext_lazy("Sign before the fraction"),
    "breaks": gettext_lazy("Breaks"),
    "times": gettext_lazy("Number of times"),
    "last_row": gettext_lazy("The last row"),
    "same_sheets": gettext_lazy("Sheets that are equal"),
    "text_column": gettext_lazy("What was done"),
    "category_column": gettext_lazy("Category"),
    "duration_column": gettext_lazy("Duration"),
    "start_column": gettext_lazy("Start"),
    "end_column": gettext_lazy("End"),
    "date_column": gettext_lazy("Date"),
    "person_column": gettext_lazy("Person"),
    "case_column": gettext_lazy("Case or ticket"),
    "break_column": gettext_lazy("Break"),
    "count_column": gettext_lazy("Number of times"),
}
VALUES = {
    "total": gettext_lazy("a total"),
    "task": gettext_lazy("a task"),
    "once": gettext_lazy("counted once"),
    "both": gettext_lazy("both are counted"),
    "multiplied": gettext_lazy("multiplied"),
    "taken-off": gettext_lazy("taken off"),
    "counted": gettext_lazy("counted as work"),
    "together": gettext_lazy("all columns together"),
    "start-to-end": gettext_lazy("the time from start to end"),
}


def answer_in_words(field: str, value: str) -> tuple[str, str]:
    """Return (what was decided, how) of an answer about a file, such as `duration_unit` and `h`."""
    kind, _colon, place = field.partition(":")
    if kind == "row":
        return _("Row %(row)s") % {"row": place}, _("counted") if value == "count" else _("left out")
    if kind == "cell":
        row, _colon, column = place.partition(":")
        return _("Row %(row)s, “%(column)s”") % {"row": row, "column": column}, value or _("empty")
    words = str(FIELDS.get(field, field))
    if field.endswith("_column") and value == "none":
        return words, _("no column")
    known = UNITS if field == "duration_unit" else VALUES
    return words, str(known.get(value, value))
