"""An answer to a question about a spreadsheet, as an argument of a command."""

from argparse import ArgumentTypeError


def file_answer(text: str) -> tuple[str, str]:
    """Return (field, value) of FIELD=VALUE. Raises ArgumentTypeError if the text is something else."""
    field, equals, value = text.partition("=")
    if not field or not equals:
        raise ArgumentTypeError(f"{text!r} is not FIELD=VALUE, such as duration_unit=s")
    return field, value
