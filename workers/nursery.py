"""The nursery process: it starts and ends child processes for a worker. `python -m workers.nursery FD MEMORY_BYTES`.

A worker has threads and therefore cannot fork safely; a new interpreter for each child would be slow. The nursery has
one thread, has imported the agents, and only forks. Only the nursery waits for its children, so a process number is
never used again while the worker still means the old child. When the worker ends, even by a crash, its end of the
socket closes; then the nursery kills all children.

Messages of the worker: "start" with a file descriptor → the process number; "end PID" → the wait status.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
from contextlib import suppress

from workers import agents as agents
from workers import child

PR_SET_PDEATHSIG = 1


def main(control: socket.socket, memory_bytes: int) -> None:
    """Answer the worker's messages until it closes the socket; then kill all children."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)  # the worker finishes its items first, then closes the socket
    gc.freeze()  # the children share what is imported: a search for garbage would copy it for each
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 100, 1)
        if not message:
            break
        verb, _, pid = message.decode().partition(" ")
        answer = (
            start_child(control, descriptors[0], memory_bytes, children)
            if verb == "start"
            else end_child(int(pid), children)
        )
        control.send(str(answer).encode())
    for remaining in list(children):
        end_child(remaining, children)


def start_child(control: socket.socket, descriptor: int, memory_bytes: int, children: set[int]) -> int:
    """Fork a child that serves the connection with this file descriptor, and return the child's process number."""
    parent = os.getpid()
    if pid := os.fork():
        os.close(descriptor)
        children.add(pid)
        return pid
    try:
        control.close()
        die_with_parent(parent)
        child.become(descriptor, memory_bytes)
    finally:
        os._exit(1)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this child when the nursery ends (Linux only).

    On other systems the children are killed only if the nursery ends normally.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def end_child(pid: int, children: set[int]) -> int:
    """Kill the child unless it has ended already, and return its wait status; 0 for an unknown process number."""
    if pid not in children:
        return 0
    children.discard(pid)
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return status


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
