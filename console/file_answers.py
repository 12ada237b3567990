"""Answers to questions about a spreadsheet, as an argument of a command."""

from argparse import ArgumentParser, ArgumentTypeError


def add_file_answers(parser: ArgumentParser) -> None:
    """Add the argument `--answer`, whose values are in the option `answers` as (field, value)."""
    parser.add_argument(
        "--answer",
        type=file_answer,
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="answers",
        help="an answer to a question about the file, such as duration_unit=s, or what a column, a row or a cell is: "
        "duration_column=Hours, row:17=leave-out, cell:17:Hours=1:30; may be given several times",
    )


def file_answer(text: str) -> tuple[str, str]:
    """Return (field, value) of FIELD=VALUE. Raises ArgumentTypeError if the text is something else."""
    field, equals, value = text.partition("=")
    if not field or not equals:
        raise ArgumentTypeError(f"{text!r} is not FIELD=VALUE, such as duration_unit=s")
    return field, value
