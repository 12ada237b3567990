"""The base class of commands that run until they are stopped, and the types of their arguments."""

import logging
import math
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from config.version import current_version
from environment import variables
from environment.heartbeat import STUCK_SECONDS, Heartbeat
from health.checks import sources_answer
from health.database import known_migrations
from runtime.exposition import serve_own_port
from telemetry import tracing
from telemetry.log_lines import PROCESS

logger = logging.getLogger(__name__)


class ServerCommand(BaseCommand):
    """A command that runs until it is stopped, and shows that it lives (`environment/heartbeat.py`) as these roles.

    On the command line it starts only with a migrated database.
    """

    roles: Sequence[str] = ()

    def roles_of(self, options: dict[str, Any]) -> Sequence[str]:
        """Return the roles that the process has with these options, as `manage.py health --kind` names them."""
        return self.roles

    def execute(self, *args: Any, **options: Any) -> str | None:
        roles = [] if options.get("once") else self.roles_of(options)
        # Workers show with each renewal that their loops turn.
        longest = max(STUCK_SECONDS, settings.RECLAIM_IDLE_SECONDS)
        heartbeat = Heartbeat(settings.DATA_DIR, roles, answers=sources_answer, stuck_seconds=longest)
        if roles:
            end_well_before_work()
        with heartbeat if roles else nullcontext():
            return super().execute(*args, **options)

    def run_from_argv(self, argv: list[str]) -> None:
        if not {"-h", "--help"} & set(argv):
            require_migrated()
            if "--skip-checks" not in argv:  # who starts it so has looked
                warn_of_unknown_names()
        super().run_from_argv(argv)

    def begin(self, words: str) -> None:
        """Say that the work begins; from now on this process shows its figures, and sends its traces if asked to."""
        self.stderr.write(words)
        serve_own_port()
        if settings.TRACES_ENDPOINT:
            tracing.start(service=f"interlock-{PROCESS.replace(' ', '-')}", version=current_version())


def end_well_before_work() -> None:
    """Have SIGTERM end this process with exit code 0 until its work begins, which then handles the signal itself.

    A process that shows that it lives, and waits for the broker, has to end as well as one that works.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def warn_of_unknown_names() -> None:
    """Log a warning for each name in the file of variables that nobody reads; one nearly ours was refused before."""
    file = settings.ENV_FILE
    for name, meant in variables.unknown_in_file(file, settings.ENVIRONMENT.names).items():
        logger.warning(
            "%s sets %s, which Interlock does not read%s", file, name, f"; did you mean {meant}?" if meant else ""
        )


def require_migrated() -> None:
    """Raise SystemExit if the database lacks migrations.

    Do nothing if the database is away, since servers wait for it.
    """
    try:
        missing = known_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except OperationalError:
        return
    finally:
        connection.close()
    if missing:
        raise SystemExit(f"The database lacks {len(missing)} migrations. Run: {settings.COMMAND} migrate")


def at_least_one(text: str) -> int:
    """Return the argument as a whole number from 1 on. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def seconds(text: str) -> float:
    """Return the argument as a number of seconds. Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, such as 600")
    return number
