"""Starts and ends child processes for a worker: `python -m workers.nursery FD MEMORY_BYTES`.

A process with threads cannot fork safely, and one that imports everything anew for each child is slow. This one has a
single thread, has imported the agents, and does nothing but fork. It alone waits for its children, so a process number
always means the child it was given for. When the worker ends, however it ends, its end of the socket closes: then all
children are killed, whatever they are doing.
"""

import ctypes
import os
import signal
import socket
import sys
from contextlib import suppress

from workers import agents as agents
from workers import child

PR_SET_PDEATHSIG = 1


def main(control: socket.socket, memory_bytes: int) -> None:
    """Serve the worker until it hangs up."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)  # the worker drains first, and hangs up when it has
    children: set[int] = set()
    while True:
        said, passed, _, _ = socket.recv_fds(control, 100, 1)
        if not said:
            break
        word, _, number = said.decode().partition(" ")
        answer = start(control, passed[0], memory_bytes, children) if word == "start" else end(int(number), children)
        control.send(str(answer).encode())
    for pid in list(children):
        end(pid, children)


def start(control: socket.socket, passed: int, memory_bytes: int, children: set[int]) -> int:
    """The process number of a new child that serves the connection passed."""
    parent = os.getpid()
    if pid := os.fork():
        os.close(passed)
        children.add(pid)
        return pid
    try:
        control.close()
        die_with(parent)
        child.become(passed, memory_bytes)
    finally:
        os._exit(1)


def die_with(parent: int) -> None:
    """Be killed when the nursery is (Linux; elsewhere the nursery kills its children when it ends in order)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def end(pid: int, children: set[int]) -> int:
    """The wait status of the child, which has ended or is killed now."""
    if pid not in children:
        return 0
    children.discard(pid)
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return status


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
