"""The intake room turns what people send into projects: uploads, spreadsheets, their preview, and submitting."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        """Register the spreadsheet reader, so that a person may answer a question with a file."""
        from clarifications.forms.tables import register_reader
        from intake.tables import read_table

        register_reader(read_table)
