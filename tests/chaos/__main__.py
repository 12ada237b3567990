"""Runs the system under faults, and says what became of it: `python -m tests.chaos --seconds 600 --seed 1`."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.world import World, made_world


def main() -> int:
    """Run as the command line says; the exit code is 1 if anything is broken."""
    options = parsed()
    # Told to end, it clears up: the disks are mounted, and the database is not its child.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.all_bugs:
        from tests.chaos.showing import show_bugs

        return show_bugs(options)
    with tempfile.TemporaryDirectory(prefix="interlock-chaos-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with made_world(folder, options) as world:
            prepare_django(world)
            from tests.chaos.run import run

            return run(world, options)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long faults happen (default: 600)")
    parser.add_argument("--seed", type=int, default=1, help="draws the plan of faults; the same seed, the same plan")
    parser.add_argument("--rate", type=float, default=3.0, help="projects a second (default: 3)")
    parser.add_argument("--rest", type=float, default=120.0, help="seconds for coming to rest after the last fault")
    parser.add_argument("--cluster", action="store_true", help="on a Valkey cluster of three nodes, with PARTITIONS=4")
    parser.add_argument("--each", type=int, default=2, help="orchestrators and workers of each kind (default: 2)")
    parser.add_argument("--only", action="append", metavar="KIND", help="only faults of this kind; can be repeated")
    parser.add_argument("--no-faults", action="store_true", help="break nothing: then no process may grow")
    parser.add_argument("--bug", help="seed this bug into the processes; the run has to end red")
    parser.add_argument("--all-bugs", action="store_true", help="a short run with each seeded bug, and a table")
    parser.add_argument("--keep-logs", type=Path, metavar="FOLDER", help="copy the processes' logs there")
    return parser.parse_args()


def prepare_django(world: World) -> None:
    """Let this process find the world's database and broker, and migrate the database."""
    (world.folder / "data").mkdir()
    os.environ |= world.environment() | {"LOG_LEVEL": "ERROR"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    world.database.make_clock_steppable()


if __name__ == "__main__":
    sys.exit(main())
