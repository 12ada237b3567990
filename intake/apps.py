"""From what people have to a request: uploads, spreadsheets, their preview, and submitting."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        """Let an answer be a spreadsheet."""
        from clarifications.forms.tables import register_reader
        from intake.tables import read_table

        register_reader(read_table)
