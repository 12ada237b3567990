"""The child process that typesets one document: `python -P typeset.py PARENT_PID < job > document.pdf`.

The job is a JSON object: `template` (typst source, always a file of Interlock), `inputs` (texts by name, which the
template reads as data and never as source) and `timestamp` (Unix seconds). The process has little memory and time, no
access to other files, packages or the fonts of the machine, so the same job gives the same bytes everywhere.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
from typing import Any

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
CPU_SECONDS = 40
PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends; exit at once if the parent has ended already."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def limit_resources() -> None:
    """Limit this process to the memory and CPU time of an ordinary report, lower its priority, forbid files."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def compiled(job: dict[str, Any], folder: str, standards: list[Any]) -> Any:
    """Return the PDF of the job, which meets these standards; `folder` is empty, and all that the template can read."""
    import typst

    compiler = typst.Compiler(
        job["template"].encode(),
        root=folder,
        ignore_system_fonts=True,
        sys_inputs=job["inputs"],
        package_path=folder,
        package_cache_path=folder,
    )
    return compiler.compile(format="pdf", pdf_standards=standards, timestamp=job["timestamp"])


def typeset(job: dict[str, Any], folder: str) -> Any:
    """Return the document as PDF/UA-1; as a tagged PDF without that promise if a text has signs that no font has."""
    import typst

    try:
        return compiled(job, folder, ["ua-1"])
    except typst.TypstError:
        return compiled(job, folder, [])


def main() -> None:
    """Read the job from standard input and write the PDF to standard output."""
    die_with_parent(int(sys.argv[1]))
    limit_resources()
    job = json.load(sys.stdin.buffer)
    with tempfile.TemporaryDirectory() as folder:
        document = typeset(job, folder)
    assert isinstance(document, bytes)
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
