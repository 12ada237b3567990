#!/usr/bin/env python
"""Read every file of a folder and print, beside what its `expected.json` says, what was read and whether it is right.

`expected.json` is a list of {file, expected: {total_minutes, rows, breakdown, text, texts, row_warnings}, also_right}.
Exit code 1 if a file gives a wrong figure without a warning or a question.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from intake.inspection import Inspection, inspect_file  # noqa: E402
from intake.spreadsheets.outside import read_rows  # noqa: E402
from intake.spreadsheets.sheet import Unreadable  # noqa: E402

HUNDREDTH = 0.011


def main() -> int:
    """Print a line for each file and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    verdicts = []
    for sample in json.loads((folder / "expected.json").read_text()):
        got, verdict = judge(folder / sample["file"], sample)
        wanted = f"{sample['expected'].get('rows', '')} rows {sample['expected'].get('total_minutes', '')} min"
        print(f"{sample['file']:36} {wanted:24} {got:24} {verdict}")
        verdicts.append(verdict)
    right = sum(verdict == "right" for verdict in verdicts)
    print(f"{len(verdicts)} files: {right} right, {verdicts.count('WRONG')} wrong in silence")
    return 1 if "WRONG" in verdicts else 0


def judge(path: Path, sample: dict[str, Any]) -> tuple[str, str]:
    """Return what was read from the file, in words, and the verdict."""
    try:
        found = inspect_file(path)
    except Unreadable as error:
        return "refused", f"refused: {str(error)[:80]}" if "refus" in sample["also_right"] else "WRONG"
    got = f"{found.rows} rows {round(found.minutes, 2)} min"
    if not (differences := differing(path, found, sample["expected"])):
        return got, "right"
    if found.doubts:
        return got, f"by question: {found.doubts[0].title}"
    return got, f"by warning ({', '.join(differences)}): {found.warnings[0].message}" if found.warnings else "WRONG"


def differing(path: Path, found: Inspection, expected: dict[str, Any]) -> list[str]:
    """Return the names of what differs from the expected figures."""
    texts = [row["text"] for row in read_rows(path)]
    names = {
        "total_minutes": abs(found.minutes - expected.get("total_minutes", found.minutes)) > HUNDREDTH,
        "rows": expected.get("rows", found.rows) != found.rows,
        "texts": expected.get("texts", texts) != texts,
        "text": expected.get("text", texts[0]) != texts[0],
        "breakdown": expected.get("breakdown", found.as_json()["breakdown"]) != found.as_json()["breakdown"],
        "row_warnings": expected.get("row_warnings", found.row_warnings) > found.row_warnings,
    }
    return [name for name, differs in names.items() if differs]


if __name__ == "__main__":
    sys.exit(main())
