"""Spreadsheets in, rows out."""

from workers.ingestion.reading import Ingested, RowWarning, read_rows
from workers.ingestion.sheet import Unreadable

__all__ = ["Ingested", "RowWarning", "Unreadable", "read_rows"]
