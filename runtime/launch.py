"""Runs a command that gets SIGTERM when its parent process dies: `launch.py PARENT_PID COMMAND…` (Linux).

It is a program of its own, because a function between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(command: list[str], *, parent: int) -> None:
    """Replace this process by the command; end it instead if the parent has died already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("The process that started this one has ended.")
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored_by_python, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 - a shell would get the signals in place of the command


if __name__ == "__main__":
    become(sys.argv[2:], parent=int(sys.argv[1]))
