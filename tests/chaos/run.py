"""One run: load and faults side by side, then rest, then the verdict."""

import argparse
import shutil
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from django.db import close_old_connections

from accounts import keys
from accounts.roles import OPERATOR
from backlog.blueprints import add_version
from backlog.models import Project
from backlog.states import OVER_STATUSES
from events import streams
from tests.callers import EVERY_SCOPE, account
from tests.chaos.answering import ANSWERER, Robot
from tests.chaos.bugs import BUGS, Bug
from tests.chaos.doors import Rest, is_away
from tests.chaos.faults import INFLICT, impossible
from tests.chaos.load import Load
from tests.chaos.plan import KINDS, LOSING, Fault, draw_plan
from tests.chaos.templates import SORTS, definitions
from tests.chaos.verdict import Happened, Verdict, verdict_of, wait_for_rest
from tests.chaos.world import World
from tests.growth import Readings, read_meanwhile
from tests.waiting import wait_until

PROGRESS_SECONDS = 10.0
BEGIN_SECONDS = 60.0


def run(world: World, options: argparse.Namespace) -> int:
    """Run the plan of the seed against the system; print the figures; return the exit code."""
    bug = BUGS.get(options.bug or "")
    left_out = impossible(world)
    plan = planned(options, bug, left_out)
    rest = Rest(world.system.web, prepared_key())
    sorts = list(bug.sorts if bug else SORTS)
    load, happened = Load(rest, world.folder, rate=options.rate, sorts=sorts, seed=options.seed), list[Happened]()
    threads = [*load.threads(), Robot(load, rest, options.seed).thread()]
    readings = Readings(world.system.pids, {"database": world.database.sessions, "broker": broker_clients})
    try:
        with world.service_manager():
            wait_until(lambda: len(world.system.pids()) >= 7, BEGIN_SECONDS)
            for thread in threads:
                thread.start()
            with read_meanwhile(readings):
                suffer(world, plan, load, happened, options.seconds)
            load.stopping.set()
            wait_for_rest(load, options.rest)
        verdict = verdict_of(load, happened, answers_broken=rest.broken)
    finally:
        load.stopping.set()
        load.ending.set()
        code = world.system.stop()
    if code:
        verdict.broken.append(f"the system ended with exit code {code}")
    verdict.broken += readings.growths() if options.no_faults else []
    left_out |= {"kill at point": f"{n} of them: nobody came to the point"} if (n := world.points_not_reached) else {}
    print_verdict(verdict, happened, left_out, options)
    print("held at most in the second and the last third", *readings.lines(), sep="\n  ")
    keep_logs(world, options, is_good=verdict.is_good())
    return 0 if verdict.is_good() else 1


def planned(options: argparse.Namespace, bug: Bug | None, left_out: dict[str, str]) -> list[Fault]:
    """Return the plan for the options; faults that this machine does not allow are left out, the others stay."""
    kinds = () if options.no_faults else options.only or KINDS
    drawn = draw_plan(options.seed, options.seconds, bug.kinds if bug else kinds)
    plan = [fault for fault in drawn if fault.kind not in left_out]
    if bug and bug.targets:
        return [Fault(f.at, f.kind, bug.targets[n % len(bug.targets)], f.seconds) for n, f in enumerate(plan)]
    return [replace(fault, target=one_of(fault.target, n % options.each)) for n, fault in enumerate(plan)]


def broker_clients() -> int:
    """Return how many clients the broker, or of a cluster the node that is asked, has."""
    return len(streams.client().client_list())


def one_of(role: str, number: int) -> str:
    """Return the name of one of several orchestrators; any other role unchanged."""
    return f"{role}-{number + 1}" if role == "orchestrator" and number else role


def prepared_key() -> str:
    """Make the templates, the robot's account, and a service account with a key; return the key."""
    for definition in definitions():
        add_version(definition, by="chaos")
    account(ANSWERER, OPERATOR)
    service = account("chaos", OPERATOR, is_service=True)
    _key, text = keys.make_key(service, name="chaos", scopes=EVERY_SCOPE, lifetime=None)
    return text


# -- faults ----------------------------------------------------------------------------------------
def suffer(world: World, plan: Sequence[Fault], load: Load, happened: list[Happened], seconds: float) -> None:
    """Inflict the faults at their times, each on a thread of its own; return when time is over and all are healed."""
    begun = time.monotonic()
    progress = begun + PROGRESS_SECONDS
    threads: list[threading.Thread] = []
    todo = list(plan)
    while (now := time.monotonic() - begun) < seconds:
        while todo and todo[0].at <= now:
            threads.append(threading.Thread(target=inflict, args=(world, todo.pop(0), load, happened), daemon=True))
            threads[-1].start()
        if time.monotonic() >= progress:
            progress += PROGRESS_SECONDS
            print_progress(now, load, happened)
        time.sleep(0.05)
    for thread in threads:
        thread.join(60)


def inflict(world: World, fault: Fault, load: Load, happened: list[Happened]) -> None:
    """Inflict the fault, wait for its time, heal it, and note both times. What it meets is kept as the load's fault."""
    this = Happened(fault, time.monotonic())
    happened.append(this)
    try:
        with ExitStack() as stack:
            stack.enter_context(INFLICT[fault.kind](world, fault))
            time.sleep(fault.seconds)
    except Exception as error:
        if not is_away(error):
            load.faults.append(error)
    this.healed_at = time.monotonic()
    if fault.kind in LOSING:
        load.note_loss()


# -- what is printed -------------------------------------------------------------------------------
def print_progress(now: float, load: Load, happened: Sequence[Happened]) -> None:
    """Print one line: the time, how many projects were asked for and are over, the newest faults."""
    try:
        close_old_connections()
        over: object = Project.objects.filter(status__in=OVER_STATUSES).count()
    except Exception:
        over = "?"
    latest = ", ".join(f"{h.fault.kind} {h.fault.target}".strip() for h in happened[-3:])
    print(f"{now:6.0f} s  asked {len(load.wanted)}  over {over}  faults {len(happened)}  ({latest})", flush=True)


def print_verdict(
    verdict: Verdict, happened: Sequence[Happened], left_out: dict[str, str], options: argparse.Namespace
) -> None:
    """Print the figures; where something is broken, also the seed and the plan."""
    counts = Counter(h.fault.kind for h in happened)
    where = f", {options.each} of each{', on a cluster' if options.cluster else ''}"
    print(f"\nseed {options.seed}, {options.seconds:.0f} s{where}{f', bug: {options.bug}' if options.bug else ''}")
    print(f"projects run        {verdict.asked} ({verdict.finished} over)")
    print(f"faults              {len(happened)}")
    for kind, number in sorted(counts.items()):
        longest = max(verdict.recoveries.get(kind, [0.0]))
        print(f"  {kind:<20}{number:>4}   longest recovery {longest:.1f} s")
    for kind, why in left_out.items():
        print(f"  {kind:<20}      left out: {why}")
    for name in ("lost", "twice", "stuck"):
        print(f"{name:<20}{len(getattr(verdict, name))}")
    print(f"invariants broken   {len(verdict.broken)}")
    print(f"longest recovery    {verdict.longest_recovery():.1f} s")
    if verdict.entries_an_event is not None:
        print(f"entries an event    {verdict.entries_an_event:.2f}")
    for words in verdict.faults_found()[:40]:
        print(f"  {words}")
    if not verdict.is_good():
        print(f"\nThe same again: {again(options)}")
        for h in happened:
            print(f"  {h.fault.line()}")


def again(options: argparse.Namespace) -> str:
    """Return the command line of the same run."""
    more = f" --each {options.each}{' --cluster' if options.cluster else ''}"
    return f"python -m tests.chaos --seed {options.seed} --seconds {options.seconds:.0f}{more}"


def keep_logs(world: World, options: argparse.Namespace, *, is_good: bool) -> None:
    """Copy the log of the processes, if it is asked for or the run is red."""
    if not is_good or options.keep_logs:
        folder = options.keep_logs or Path("var") / f"chaos-{options.seed}"
        folder.mkdir(parents=True, exist_ok=True)
        print(f"what the processes said: {shutil.copy(world.system.log, folder / 'system.log')}")
