"""The formats in which a report can be had, and the file that comes of it."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _


class Format(StrEnum):
    """A format of a report; the value is the ending of the file's name."""

    PDF = "pdf"
    XLSX = "xlsx"
    HTML = "html"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """Return the media type of a file in this format."""
        return MEDIA_TYPES[self]

    @property
    def label(self) -> str:
        """Return what a person gets, in words."""
        return {
            Format.PDF: _("PDF, for reading and for printing"),
            Format.XLSX: _("Excel workbook, with live formulas"),
            Format.HTML: _("Web page in one file"),
            Format.JSON: _("JSON, for programs"),
        }[self]


MEDIA_TYPES = {
    Format.PDF: "application/pdf",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.HTML: "text/html",
    Format.JSON: "application/json",
}


@dataclass(frozen=True)
class ReportFile:
    """A report as a file: its bytes, its format, and a name of ASCII letters, digits, dashes and one dot."""

    content: bytes
    format: Format
    name: str
