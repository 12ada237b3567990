"""Looks over this machine: Python, time zones, typesetter, data folder, ports, open files, running processes."""

import os
import resource
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from console.doctor.lines import LOOK, OK, WRONG, Line, judged
from health import life
from health.checks import MB, disk
from reports.exports import typesetting
from reports.exports.errors import ExportUnavailable
from runtime.addresses import EVERYWHERE, AddressUnusable, is_served, listening_socket

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
FEWEST_FILES = 1024
A_ZONE = "Europe/Paris"


def python() -> Iterator[Line]:
    """Yield whether this version of Python is one of those that Interlock is tested with."""
    version = sys.version_info[:2]
    known = f"{OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} to {NEWEST_PYTHON[0]}.{NEWEST_PYTHON[1]}"
    yield judged(
        "Python",
        OLDEST_PYTHON <= version <= NEWEST_PYTHON,
        f"Python {sys.version.split()[0]}.",
        f"Python {sys.version.split()[0]} is none of those that Interlock is tested with.",
        f"Use Python {known}.",
        verdict=WRONG if version < OLDEST_PYTHON else LOOK,
    )


def time_zones() -> Iterator[Line]:
    """Yield whether the machine has the data of the time zones, in which people read times."""
    try:
        ZoneInfo(A_ZONE)
    except ZoneInfoNotFoundError:
        words = "The machine has no data of time zones: times are shown in UTC only."
        yield Line("Time zones", WRONG, words, "Install the package tzdata, of the system or of Python.")
    else:
        yield Line("Time zones", OK, "The data of the time zones are there.")


def typesetter() -> Iterator[Line]:
    """Yield whether reports can be had as PDF files."""
    try:
        typesetting.require_typesetter()
    except ExportUnavailable as error:
        yield Line("PDF", LOOK, str(error), "Install interlock[pdf], if somebody wants PDF files.")
    else:
        yield Line("PDF", OK, "The typesetter for PDF files is installed; it brings its fonts along.")


def data_folder() -> Iterator[Line]:
    """Yield lines about who may read the data folder, whether it can be written to, and how much room it has."""
    folder = Path(settings.DATA_DIR)
    status = folder.stat()
    yield judged(
        "DATA_DIR",
        status.st_uid == os.getuid() and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO),
        f"Only this account can read {folder}.",
        f"Other accounts may read {folder}, which holds passwords, keys and uploads (mode {status.st_mode & 0o777:o}).",
        f"Run: chown -R {os.getuid()} {folder} && chmod -R go= {folder}",
    )
    yield judged(
        "DATA_DIR",
        os.access(folder, os.W_OK | os.X_OK),
        "It can be written to.",
        f"This account may not write to {folder}.",
        "Give it the right, or set DATA_DIR to another folder.",
    )
    room = disk(folder)
    free = shutil.disk_usage(folder).free // MB
    yield judged(
        "DATA_DIR", bool(room.ok), f"{free:,} MB are free.", room.says, "Make room, or move DATA_DIR.", verdict=LOOK
    )


def ports(web: str) -> Iterator[Line]:
    """Yield whether the pages and the embedded broker can listen at their ports, or do so."""
    name = next((name for name in settings.ALLOWED_HOSTS if name != "*"), "localhost").lstrip(".")
    try:
        listening_socket(web, instead=f"{settings.COMMAND} web --at {{}}").close()
        yield Line("Ports", OK, f"{web} is free for the pages.")
    except AddressUnusable as error:
        is_ours = is_served(web, host_name=name)
        yield judged(
            "Ports", is_ours, f"The pages answer at {web}.", str(error), "Choose another with --web HOST:PORT."
        )
    if settings.EMBEDDED_BROKER and (port := settings.EMBEDDED_BROKER_PORT):
        bind = settings.EMBEDDED_BROKER_BIND
        is_taken = is_open(EVERYWHERE.get(bind, bind), port)
        is_ours = is_taken and any("up" in one.roles for one in life.lives(Path(settings.DATA_DIR)))
        ill = f"Port {port}, for the embedded broker, is in use by another program."
        yield judged(
            "Ports", not is_taken or is_ours, f"Port {port} is there for the broker.", ill, "Set EMBEDDED_BROKER_PORT."
        )


def is_open(host: str, port: int) -> bool:
    """Return True if a program listens there."""
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def open_files() -> Iterator[Line]:
    """Yield whether a process may have enough files and connections open."""
    most, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_enough = most == resource.RLIM_INFINITY or most >= FEWEST_FILES
    words = f"A process may have only {most} files and connections open."
    todo = f"Raise the limit to {FEWEST_FILES} or more (ulimit -n, LimitNOFILE)."
    yield judged("Open files", is_enough, f"A process may have {most} files open.", words, todo, verdict=LOOK)


def processes() -> Iterator[Line]:
    """Yield a line for each process of this machine that is frozen or stuck, or one that names all that live."""
    running = list(life.lives(Path(settings.DATA_DIR)))
    for one in running:
        if one.fault:
            yield Line("Processes", WRONG, one.fault, "Start it again.")
    living = [f"{one.process} ({', '.join(one.roles[:3])})" for one in running if not one.fault]
    yield Line("Processes", OK, f"Running here: {', '.join(living)}." if living else "Interlock does not run here now.")
