"""How well the time of an answer tells an id of another organisation from one that exists nowhere.

For each address both are asked for by turns, in an order that is drawn. The figure is the share of pairs in which the
other organisation's id took longer: a half says nothing, 0 or 1 tells them apart. `CALLS=50` asks for fewer.
"""

import os
import random
import time
from itertools import product
from math import sqrt

import pytest
from pytest_django import Settings

from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.roles import OPERATOR
from backlog.organisations import make_organisation
from tests.callers import Caller
from tests.strange_ids import Door, strange_doors
from tests.two_organisations import side, visitors

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

CALLS = int(os.environ.get("CALLS", "200"))
# So many standard deviations of the figure itself are chance, for a hundred addresses.
CHANCE = 4.5


def seconds(caller: Caller, door: Door, address: str) -> float:
    """How long the answer took."""
    began = time.perf_counter()
    door.call(caller, address)
    return time.perf_counter() - began


def share_slower(caller: Caller, door: Door) -> float:
    """The share of pairs of calls in which the id of the other organisation took longer."""
    taken: dict[str, list[float]] = {door.theirs: [], door.nowhere: []}
    for _ in range(CALLS):
        for address in random.sample([door.theirs, door.nowhere], 2):
            taken[address].append(seconds(caller, door, address))
    pairs = list(product(taken[door.theirs], taken[door.nowhere]))
    return sum(theirs > nowhere for theirs, nowhere in pairs) / len(pairs)


def test_the_time_of_an_answer_tells_no_id_of_another_organisation(settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.API_REQUESTS_A_MINUTE = 10**9
    zebra = side(Organisation.objects.get(pk=FIRST_ORGANISATION), "Zebra")
    walrus = side(make_organisation("Walrus and sons"), "Walrus")
    caller = visitors(zebra, [OPERATOR])[OPERATOR]
    shares = {str(door): share_slower(caller, door) for door in strange_doors(walrus) if is_read(door)}
    most = CHANCE * sqrt((2 * CALLS + 1) / (12 * CALLS**2))
    for door, share in sorted(shares.items(), key=lambda found: -abs(found[1] - 0.5)):
        print(f"{share:6.3f}  {door}")
    print(f"{len(shares)} addresses, {CALLS} calls of each kind; chance is 0.5 ± {most:.3f}")
    assert {door: share for door, share in shares.items() if abs(share - 0.5) > most} == {}


def is_read(door: Door) -> bool:
    """Whether the door only reads: what writes would count failures, and be made to wait."""
    return door.method == "get"
