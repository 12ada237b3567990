"""The child process that typesets one document: `python -I typeset.py PARENT_PID < job > document.pdf`.

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


def main() -> None:
    """Read the job from standard input and write the PDF to standard output."""
    import typst

    die_with_parent(int(sys.argv[1]))
    limit_resources()
    job = json.load(sys.stdin.buffer)
    with tempfile.TemporaryDirectory() as empty:
        compiler = typst.Compiler(
            job["template"].encode(),
            root=empty,
            ignore_system_fonts=True,
            sys_inputs=job["inputs"],
            package_path=empty,
            package_cache_path=empty,
        )
        document = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=job["timestamp"])
    assert isinstance(document, bytes)
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
