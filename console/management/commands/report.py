"""Write the report of a project to a file: PDF, Excel workbook, one HTML file, or JSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import override

from backlog.models import Project
from console.operator import OperatorCommand, row_with_id
from reports.exports.formats import Format, ReportFile
from reports.exports.making import report_file

STANDARD_OUTPUT = "-"


class Command(OperatorCommand):
    help = "Write the report of a project as a PDF, an Excel workbook, one HTML file, or JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="PROJECT", help="the project's id, or its first characters")
        parser.add_argument("--format", choices=[form.value for form in Format], default=Format.PDF.value)
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="the file to write, or - for standard output; by default TITLE.FORMAT",
        )
        languages = [code for code, _name in settings.LANGUAGES]
        parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE)
        parser.add_argument("--staff", action="store_true", help="with the parts for staff: checks and raw outputs")

    def handle(self, *args: Any, id: str, **options: Any) -> None:
        project = row_with_id(Project.objects.all(), id, see="projects")
        with override(options["language"]):
            made = report_file(project, Format(options["format"]), for_staff=options["staff"])
        if options["output"] == STANDARD_OUTPUT:
            self.write_bytes(made)
            return
        path = Path(options["output"] or made.name)
        try:
            path.write_bytes(made.content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{path}: {len(made.content):,} bytes")

    def write_bytes(self, made: ReportFile) -> None:
        """Write the file to standard output as it is."""
        stream = getattr(self.stdout, "_out", self.stdout)
        binary = getattr(stream, "buffer", None)
        if binary is None:
            raise CommandError("This output takes text only: name a file with --output.")
        binary.write(made.content)
        binary.flush()
