"""Spreadsheets in, rows out."""

from workers.ingestion.outside import Ingested, read_rows
from workers.ingestion.reading import RowWarning
from workers.ingestion.sheet import Busy, Unreadable

__all__ = ["Busy", "Ingested", "RowWarning", "Unreadable", "read_rows"]
