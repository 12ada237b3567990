#!/usr/bin/env python3
"""What a release takes from CHANGELOG.md, the only home of the version: `check v0.2.0`, `notes`,
`stamp FILE`.

Needs the standard library only, so that a release can be refused before anything is installed.
"""

import argparse
import json
import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(?P<name>[^]]+)\].*\n", re.MULTILINE)


class NotReady(Exception):
    """Nothing may be released as it is; the message says what to do."""


def sections(text: str) -> dict[str, str]:
    """Return {name: text below its heading} of a change log, newest first; the name is a version or Unreleased."""
    parts = HEADING.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def newest(text: str) -> tuple[str, str]:
    """Return the newest version and its text. Raises NotReady where there is none, or where it has no text."""
    for version, notes in sections(text).items():
        if re.fullmatch(r"\d+\.\d+\.\d+", version):
            if notes:
                return version, notes
            raise NotReady(f"CHANGELOG.md says nothing below [{version}]: write what a user notices.")
    raise NotReady("CHANGELOG.md has no heading with a version, such as ## [0.2.0] - 2026-12-01.")


def check(text: str, tag: str) -> str:
    """Return the version that the tag releases. Raises NotReady where the tag and the change log disagree."""
    version, _ = newest(text)
    if tag != f"v{version}":
        raise NotReady(
            f"The tag is {tag}, but CHANGELOG.md begins with {version}: tag the commit v{version}, or add its section."
        )
    if sections(text).get("Unreleased"):
        raise NotReady(f"CHANGELOG.md has lines below [Unreleased]: move them below [{version}], then tag that commit.")
    return version


def stamp(bill: Path, version: str) -> None:
    """Write the version of Interlock into its bill of materials (CycloneDX), whose maker does not know it."""
    found = json.loads(bill.read_text(encoding="utf-8"))
    found["metadata"]["component"]["version"] = version
    bill.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Do what was asked for; return 1 with a sentence where nothing may be released."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changelog", type=Path, default=CHANGELOG)
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("check", help="print version=… if the tag may be released").add_argument("tag")
    words.add_parser("notes", help="print the text of the newest version")
    words.add_parser("stamp", help="write the newest version into a bill of materials").add_argument("bill", type=Path)
    options = parser.parse_args()
    text = options.changelog.read_text(encoding="utf-8")
    try:
        if options.word == "check":
            print(f"version={check(text, options.tag)}")
        elif options.word == "notes":
            print(newest(text)[1])
        else:
            stamp(options.bill, newest(text)[0])
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
