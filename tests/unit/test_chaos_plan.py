"""The plan of a chaos run: drawn from its seed alone, and possible to carry out."""

from itertools import pairwise

from tests.chaos.faults import INFLICT
from tests.chaos.plan import EXCUSING, KINDS, LOSING, POINTS, REPEATING_NOTHING, draw_plan
from tests.house import sources

SECONDS = 600.0


def test_the_same_seed_draws_the_same_plan_and_another_seed_another() -> None:
    assert draw_plan(7, SECONDS) == draw_plan(7, SECONDS)
    assert draw_plan(7, SECONDS) != draw_plan(8, SECONDS)


def test_every_kind_can_be_inflicted_and_happens_in_a_long_plan() -> None:
    assert set(INFLICT) == set(KINDS)
    assert {fault.kind for fault in draw_plan(1, 20 * SECONDS)} == set(KINDS)
    assert KINDS.keys() >= EXCUSING | LOSING | REPEATING_NOTHING


def test_faults_come_in_order_end_in_time_and_take_away_one_thing_once() -> None:
    plan = draw_plan(3, SECONDS)
    assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
    assert max(fault.at + fault.seconds for fault in plan) <= SECONDS
    for resource in {kind.resource for kind in KINDS.values()}:
        those = [fault for fault in plan if KINDS[fault.kind].resource == resource]
        assert all(one.at + one.seconds < other.at for one, other in pairwise(those))


def test_only_the_kinds_that_are_asked_for_are_drawn() -> None:
    assert {fault.kind for fault in draw_plan(1, SECONDS, ["poison", "kill"])} == {"poison", "kill"}
    assert draw_plan(1, SECONDS, []) == []


def test_every_named_point_of_the_product_can_be_armed() -> None:
    texts = [path.read_text() for path in sources()]
    assert {point for point in POINTS if not any(f'fault_point("{point}")' in text for text in texts)} == set()
