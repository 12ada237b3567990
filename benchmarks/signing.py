"""What a signature costs: projects whose requests are signed beside the same ones without, and a verification alone.

The requests of a project are the only entries that other programs write here; Interlock's own workers seal theirs. So
the rate of whole projects shows what an installation notices, and the entries read in a second what the check costs a
consumer. Both kinds take turns on the same system, which accepts both; medians of the rounds are shown.
"""

import argparse
import base64
import os
import time
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.meter import Costs, measured
from benchmarks.stage import prepared_stage
from benchmarks.subjects import product, run_python
from benchmarks.wire import PLAIN, REQUEST, Fields, request
from events import signatures
from events.envelope import from_wire

WARM_UP = 60
TRIES = 2000
KEY = Ed25519PrivateKey.generate()
PUBLIC = signatures.in_base64(KEY.public_key())
ADD = """
from events.producer_keys import make_producer
make_producer(name="benchmark", types=["{type}"], agents=[], by="benchmark", public_key="{key}")
"""


class SignedLoad(Load):
    """A load whose requests are signed."""

    def add(self, entries: list[Fields]) -> None:
        """Add the entries to the log, signed."""
        super().add([signed(entry, self.subject.name, self.subject.log) for entry in entries])


def signed(entry: Fields, namespace: str, log: str) -> Fields:
    """Return the entry with the signature of this run's key, for this namespace and log (`docs/producers.md`)."""
    place = b"\0".join((signatures.PURPOSE, namespace.encode(), log.encode(), bytes_of(entry)))
    return {**entry, "kid": signatures.key_id(PUBLIC), "sig": base64.b64encode(KEY.sign(place))}


def bytes_of(entry: Fields, field: str = "event") -> bytes:
    """Return the bytes of this field of the entry."""
    value = entry[field]
    return value if isinstance(value, bytes) else value.encode()


def main() -> None:
    """Start the system, let both loads take turns, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000, help="in each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with prepared_stage() as stage, product(stage, "signing") as own:
        add = ADD.format(type=REQUEST, key=PUBLIC)
        run_python("manage.py", "shell", "-v0", "-c", add, variables=own.environment)
        with own.started():
            loads = {"unsigned": Load(own), "signed": SignedLoad(own)}
            found = take_turns(loads, options.projects, options.rounds)
    publish([*figures(found), *alone()])


def take_turns(loads: dict[str, Load], projects: int, rounds: int) -> dict[str, list[Costs]]:
    """Return the costs of each round by load; who begins changes from round to round."""
    for load in loads.values():
        load.run(PLAIN, WARM_UP)
    costs: dict[str, list[Costs]] = {name: [] for name in loads}
    for turn in range(rounds):
        for name in loads if turn % 2 else reversed(loads):
            costs[name].append(measured(loads[name], PLAIN, projects))
            spent = costs[name][-1]
            print(f"{name}: {spent.rate:.0f} projects/s, {spent.cpu:.1f} ms of CPU each", flush=True)
    return costs


def figures(found: dict[str, list[Costs]]) -> list[Figure]:
    """Return the medians of the signed requests beside those of the unsigned ones."""
    shown: tuple[tuple[str, Callable[[Costs], float], str], ...] = (
        ("rate", lambda costs: costs.rate, "projects/s"),
        ("processor", lambda costs: costs.cpu, "ms a project"),
        ("statements", lambda costs: costs.statements / costs.projects, "a project"),
    )
    return [
        Figure(
            f"signed requests, {what}",
            median(map(of, found["signed"])),
            unit,
            median(map(of, found["unsigned"])),
            "unsigned",
        )
        for what, of, unit in shown
    ]


def alone() -> list[Figure]:
    """Return how many entries a core reads in a second and holds to their contract, signed beside unsigned."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    entry = signed(request(PLAIN), settings.NAMESPACE, settings.STREAM_NAME)
    wire, signature = bytes_of(entry), bytes_of(entry, "sig")

    def read_signed() -> None:
        assert signatures.fits(wire, signature, PUBLIC)
        from_wire(wire)

    name = "entries read in a second of a core, signed"
    return [Figure(name, rate_of(read_signed), "", rate_of(lambda: from_wire(wire)), "unsigned")]


def rate_of(call: Callable[[], object]) -> float:
    """Return how often a second the call is made, by the time of the processor."""
    began = time.process_time()
    for _ in range(TRIES):
        call()
    return TRIES / (time.process_time() - began)


if __name__ == "__main__":
    main()
