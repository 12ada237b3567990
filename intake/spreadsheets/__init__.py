"""Reading spreadsheets: `read_rows` turns a CSV file or an Excel workbook into a stream of rows."""

from intake.spreadsheets.describing import Reading
from intake.spreadsheets.doubts import Choice, Doubt
from intake.spreadsheets.outside import Ingested, read_rows
from intake.spreadsheets.sheet import Busy, Dangerous, RowWarning, Unreadable

__all__ = ["Busy", "Choice", "Dangerous", "Doubt", "Ingested", "Reading", "RowWarning", "Unreadable", "read_rows"]
