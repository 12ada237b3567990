"""What is measured, as its load sees it: the product and the bare loop, each with streams and a database of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from redis.exceptions import ResponseError

from benchmarks.stage import ROOT, Stage, wait_until
from benchmarks.wire import ASKING, PLAIN
from runtime.processes import tied_to_parent

START_SECONDS, STOP_SECONDS, LOAD_SECONDS = 90.0, 30.0, 1800.0
MIGRATED = "bench_migrated"
MIGRATE = f"""
from django.core.management import call_command
from backlog.blueprints import add_version
call_command("migrate", verbosity=0)
schema = {{"type": "object", "required": ["ledger"]}}
schema["properties"] = {{"ledger": {{"type": "string", "title": "Which ledger?", "minLength": 2}}}}
for name, first in (("{PLAIN.template}", {{}}), ("{ASKING.template}", {{"needs": schema}})):
    items = [{{"key": f"step_{{n}}", "title": f"Step {{n}}", "agent_target": "generic_worker"}} for n in (1, 2, 3)]
    items[0] |= first
    add_version({{"name": name, "title": name, "items": items}}, by="benchmark")
"""


@dataclass
class Subject:
    """Processes that do projects, and where their load writes and looks.

    `finished` counts projects done since a moment; `open_questions` yields (project, question). `groups` are the
    streams and how many consumer groups each must have before the processes count as started.
    """

    name: str
    stage: Stage
    commands: tuple[tuple[str, ...], ...]
    log: str
    work: str
    finished: str
    open_questions: str
    log_groups: int
    environment: dict[str, str] = field(default_factory=dict)
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        """Start the processes without waiting for them."""
        environment = {**os.environ, **self.environment}
        self.running = [self.launch(command, environment) for command in self.commands]

    def launch(self, command: tuple[str, ...], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        """Return a started process of the subject; what it says goes to a file of the stage."""
        with (self.stage.folder / f"{self.name}.log").open("ab") as log:
            words = tied_to_parent([sys.executable, *command])
            return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def wait_until_ready(self) -> None:
        """Return when every consumer group is there."""
        wait_until(lambda: self.has_groups(self.log, self.log_groups) and self.has_groups(self.work, 1), START_SECONDS)

    def has_groups(self, stream: str, count: int) -> bool:
        """Return whether the stream has so many groups. Raises SystemExit if a process has ended."""
        if any(process.poll() is not None for process in self.running):
            raise SystemExit(f"{self.name} ended:\n{(self.stage.folder / f'{self.name}.log').read_text()[-2000:]}")
        try:
            groups: list[object] = self.stage.redis().xinfo_groups(stream)  # type: ignore[assignment]
        except ResponseError:  # no such stream yet
            return False
        return len(groups) >= count

    def stop(self) -> None:
        """End the processes as an operator does, and wait for them."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(STOP_SECONDS)
        self.running = []

    @contextmanager
    def started(self) -> Iterator["Subject"]:
        """Run the processes inside the block, ready at its beginning."""
        self.start()
        try:
            self.wait_until_ready()
            yield self
        finally:
            self.stop()


@contextmanager
def product(stage: Stage, name: str = "product") -> Iterator[Subject]:
    """Yield the whole system but the web, not started, on a migrated database of its own that has the templates."""
    with ExitStack() as stack:
        with stage.connect() as server:
            is_migrated = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone()
        if not is_migrated:
            stack.enter_context(stage.database(MIGRATED))
            run_python("manage.py", "shell", "-v0", "-c", MIGRATE, variables=environment(stage, MIGRATED))
        stack.enter_context(stage.database(name, MIGRATED))
        yield Subject(
            name=name,
            stage=stage,
            commands=(("manage.py", "up", "--no-web"),),
            log=f"{name}:events",
            work=f"{name}:work:generic_worker",
            finished="backlog_project WHERE status = 'DONE' AND finished_at >= %s",
            open_questions="project_id::text, id::text FROM clarifications_question WHERE status = 'OPEN'",
            log_groups=3,
            environment=environment(stage, name),
        )


def environment(stage: Stage, name: str) -> dict[str, str]:
    """Return the variables of the product on this database, with streams and a data folder of the same name."""
    folder = stage.folder / name
    folder.mkdir(exist_ok=True)
    places = {"DATABASE_URL": stage.url(name), "REDIS_URL": stage.broker, "NAMESPACE": name, "DATA_DIR": str(folder)}
    return {**places, "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "config.settings"}


def run_python(*words: str, variables: dict[str, str]) -> None:
    """Run a Python program at the root of the project and wait for it. Raises CalledProcessError."""
    subprocess.run([sys.executable, *words], cwd=ROOT, env={**os.environ, **variables}, check=True)


@contextmanager
def bare_loop(stage: Stage) -> Iterator[Subject]:
    """Yield the bare loop, not started, on a database of its own."""
    from benchmarks.bare_loop import LOG, TABLES, WORK

    with stage.database("bare_loop") as url:
        with stage.connect("bare_loop") as database:
            database.execute(TABLES)
        yield Subject(
            name="bare_loop",
            stage=stage,
            commands=tuple(("-m", "benchmarks.bare_loop", role) for role in ("orchestrator", "worker")),
            log=LOG,
            work=WORK,
            finished="project WHERE finished_at >= %s",
            open_questions="project_id::text, id::text FROM question WHERE answer IS NULL",
            log_groups=1,
            environment={"DATABASE_URL": url, "REDIS_URL": stage.broker},
        )
