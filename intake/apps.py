"""The intake room turns what people send into projects: uploads, spreadsheets, their preview, and submitting."""

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

if TYPE_CHECKING:
    from clarifications.forms.tables import FileRows


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        """Register the spreadsheet reader, so that a person may answer a question with a file."""
        from clarifications.forms.tables import register_reader

        register_reader(read_table)


def read_table(file: Any, most: int) -> "FileRows":
    """Return the first `most` rows of the spreadsheet; the reader is loaded with the first file. Raises Unreadable."""
    from intake.tables import read_table as read

    return read(file, most)
