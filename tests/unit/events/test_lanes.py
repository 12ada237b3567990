"""A project is in the hands of one lane at a time, and what it says is handled in order."""

from hypothesis import given
from hypothesis import strategies as st

from events.lanes import MOST_LEFT, Lanes
from events.streams import Entry

LANES = ("one", "two", "three")


def entry(number: int, project: str = "") -> Entry:
    """An entry about the project; one without the field, if that is empty."""
    return Entry("log", f"{number}-0", {b"project": project.encode()} if project else {})


def test_a_lane_keeps_what_no_other_has_in_hand() -> None:
    lanes, found = Lanes(), [entry(1, "a"), entry(2), entry(3, "b")]
    assert lanes.begin("one", found) == found
    assert not lanes.has_more("two")
    assert lanes.with_others("two") == {"1-0", "2-0", "3-0"}
    assert lanes.with_others("one") == set()


def test_what_is_about_a_project_in_another_hand_waits_there() -> None:
    lanes = Lanes()
    lanes.begin("one", [entry(1, "a")])
    assert lanes.begin("two", [entry(2, "a"), entry(3, "b")]) == [entry(3, "b")]
    assert lanes.has_more("one")
    lanes.end("one")
    assert lanes.begin("two", [entry(4, "a")]) == [], "more was left to the first lane, so the project stays there"
    assert lanes.begin("one", [entry(5, "c")]) == [entry(2, "a"), entry(4, "a"), entry(5, "c")]
    assert lanes.with_others("two") == {"2-0", "4-0", "5-0"}
    lanes.end("one")
    assert lanes.begin("two", [entry(6, "a")]) == [entry(6, "a")]


def test_an_entry_without_a_project_stays_with_its_reader() -> None:
    lanes = Lanes()
    lanes.begin("one", [entry(1)])
    assert lanes.begin("two", [entry(2)]) == [entry(2)]


def test_a_project_of_which_much_comes_is_not_held_in_memory() -> None:
    lanes = Lanes()
    lanes.begin("one", [entry(0, "a")])
    found = [entry(number, "a") for number in range(1, MOST_LEFT + 11)]
    assert lanes.begin("two", found) == found[MOST_LEFT:]
    lanes.end("two")
    assert lanes.begin("two", found[:1]) == found[:1], "there is still no room"
    lanes.end("one")
    assert lanes.begin("one", []) == found[:MOST_LEFT]


TURNS = st.lists(st.tuples(st.sampled_from(LANES), st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4)))


@given(TURNS)
def test_each_entry_is_handled_once_in_order_and_no_project_is_in_two_hands(
    turns: list[tuple[str, list[str]]],
) -> None:
    lanes, hands, handled, number = Lanes(), dict[str, list[Entry]](), list[Entry](), 0
    ending = [(lane, list[str]()) for lane in LANES * 4]
    for lane, projects in [*turns, *ending]:
        if lane in hands:
            handled += hands.pop(lane)
            lanes.end(lane)
            continue
        found = [entry(number + n, project) for n, project in enumerate(projects)]
        number += len(found)
        hands[lane] = lanes.begin(lane, found)
        held = [e.fields[b"project"] for e in (e for hand in map(set_of, hands.values()) for e in hand)]
        assert len(held) == len(set(held)), "a project in two hands"
    numbers = [int(e.entry_id.removesuffix("-0")) for e in handled]
    assert sorted(numbers) == list(range(number))
    for project in "abc":
        of_project = [n for n, e in zip(numbers, handled, strict=True) if e.fields.get(b"project") == project.encode()]
        assert of_project == sorted(of_project)


def set_of(hand: list[Entry]) -> list[Entry]:
    """One entry for each project in the hand."""
    return list({e.fields[b"project"]: e for e in hand if e.fields}.values())
