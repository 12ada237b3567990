"""Inspect a spreadsheet: print which sheets, columns and units are read, the totals, the warnings and the questions."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from console.file_answers import add_file_answers
from intake.inspection import Inspection, inspect_file, require_known_answers
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.sheet import Unreadable
from intake.wording import in_words
from reports.periods import period_in_words

WARNINGS_SHOWN = 20


class Command(BaseCommand):
    help = "Show what is read from a spreadsheet, without opening a project; exit code 1 if it is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV, XLSX, XLS or ODS file, plain or packed (gzip, zip of one)")
        parser.add_argument("--json", action="store_true", help="print the inspection as JSON")
        add_file_answers(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        answers = dict(options["answers"])
        try:
            inspection = inspect_file(options["file"], answers=answers)
            require_known_answers(inspection.doubts, answers)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(inspection.as_json(), option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write("\n".join(lines_about(inspection)))


def lines_about(inspection: Inspection) -> list[str]:
    """Return the inspection as lines of text for people."""
    reading = inspection.reading
    lines = [f"{inspection.name}: {inspection.rows:,} rows, {inspection.minutes:,.2f} minutes"]
    lines += [f"Recognised as an export of {reading.program}"] if reading.program else []
    if inspection.period:
        lines.append(f"Period: {period_in_words(inspection.period)}")
    lines += [f"Period not certain: {doubt}" for doubt in inspection.dates["doubts"]]
    for sheet in reading.sheets:
        if sheet["name"]:
            lines.append(f"Sheet {sheet['name']}: {'read' if sheet['read'] else 'not read'}, {in_words(sheet['why'])}")
    for role, column in reading.columns.items():
        unit = f", in {column['unit']}" if column["unit"] else ""
        lines.append(f"{role}: column “{column['header']}”{unit}")
    lines += [f"  row {w.row}: {in_words(w.message)}" for w in inspection.warnings[:WARNINGS_SHOWN]]
    if (more := inspection.row_warnings - WARNINGS_SHOWN) > 0:
        lines.append(f"  and {more:,} more warnings")
    return lines + [line for doubt in inspection.doubts for line in lines_of_question(doubt)]


def lines_of_question(doubt: Doubt) -> list[str]:
    """Return the question with its choices, what each would total, and some rows, as lines of text."""
    lines = [f"Question: {in_words(doubt.title)}"]
    for choice in doubt.choices:
        days = choice.minutes / 1440
        long = f" ({days:,.0f} days)" if days >= 2 else ""
        title = in_words(choice.title)
        lines.append(f"  --answer {doubt.field}={choice.value}: {title}, {choice.minutes:,.2f} minutes{long}")
    return lines + [f"  for example: {' | '.join(row)}" for row in doubt.sample]
