"""Turn stored Parquet into lines in a process of its own: `python -P lines.py FILE` writes one JSON document
for each row. A web process imports this module and not polars, which takes more memory than all of its other libraries.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

CHUNK_BYTES = 1 << 16


def lines_of_parquet(path: Path) -> Iterator[bytes]:
    """Yield the rows of the file as lines of JSON, in pieces of any size.

    Raises OSError if the process fails: a download then ends broken, and not as if these were all rows.
    """
    from environment import child_python  # the process that runs this file as a program needs it not, and has no path

    command = [*child_python.COMMAND, __file__, str(path.resolve())]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            while piece := process.stdout.read(CHUNK_BYTES):
                yield piece
        except BaseException:  # whoever reads the lines has left
            process.kill()
            raise
    if process.returncode:
        raise OSError(f"The rows of {path.name} could not be turned into lines.")


def documents_of_parquet(path: Path) -> Iterator[Any]:
    """Yield each row of the file as its JSON document; the process ends when nobody wants more. Raises OSError."""
    rest = b""
    for piece in lines_of_parquet(path):
        *lines, rest = (rest + piece).split(b"\n")
        yield from map(orjson.loads, lines)


def main(file: str) -> None:
    """Write the rows of the file to standard output."""
    # `python -P` does not put the project's folder on the import path, so it is added here.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from intake.spreadsheets.parquet import lines_in

    for lines in lines_in(Path(file)):
        sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
