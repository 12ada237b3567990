"""Compare columns that may hold durations: which say the same, which is the sum of others, which is a time of day."""

from array import array

from intake.spreadsheets.durations import Kind
from intake.spreadsheets.evidence import HOUR, MISSING
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.survey import Survey, Values
from intake.spreadsheets.units import DAY_MILLISECONDS
from intake.spreadsheets.words import words_of

REFERENCE = Phrase(gettext_noop("the time from start to end"))
AGREES = Phrase(gettext_noop("they agree with the time from start to end"))
# Two columns say the same if they differ by no more than rounding to hundredths of an hour.
SAME_MILLISECONDS, SAME_SHARE = 36_000, 0.98
CLOCK_NAMES = {"time", "zeit", "heure", "hora", "ora", "tijd", "tiempo", "temps", "tempo", "hour", "uhr"}
# Before this time of day nobody begins: shorter values are durations.
FIRST_WORK = 6 * HOUR


def names_of(candidates: list[Values]) -> list[str]:
    """Return the name of each candidate: its header, and its place where two columns have the same."""
    return [values.column.name for values in candidates]


def is_clock_column(survey: Survey, values: Values, reading: "array[int]") -> bool:
    """Return True if the column is named `Time` and holds times of the working day; mostly, if dates stand by."""
    is_named_time = set(words_of(values.column.header)) <= CLOCK_NAMES
    if values.column.form or not is_named_time:
        return False
    if values.count(Kind.BARE, Kind.COMMA, Kind.DOT) or values.units.keys() - {"h:mm:ss"}:
        return False
    known = [span for span in reading if span != MISSING]
    late = sum(span >= FIRST_WORK for span in known)
    if survey.times is None and late < len(known):
        return False
    return all(span <= DAY_MILLISECONDS for span in known) and late * 2 >= len(known) > 0


def same(one: "array[int]", other: "array[int]") -> bool:
    """Return True if the two columns say the same in nearly all rows that both name."""
    both = near = 0
    for a, b in zip(one, other, strict=True):
        if a != MISSING and b != MISSING:
            both += 1
            near += abs(a - b) <= SAME_MILLISECONDS
    return both > 0 and near >= SAME_SHARE * both


def alike(indexes: list[int], readings: list["array[int]"]) -> list[list[int]]:
    """Return the candidates in groups of those that say the same, in their order."""
    groups: list[list[int]] = []
    for index in indexes:
        group = next((group for group in groups if same(readings[group[0]], readings[index])), None)
        if group is None:
            groups.append([index])
        else:
            group.append(index)
    return groups


def fullest(group: list[int], candidates: list[Values]) -> int:
    """Return, of columns that say the same, the one with the most durations, and of these the most exact one."""
    return max(
        group, key=lambda i: (candidates[i].readable, candidates[i].count(Kind.FIXED, Kind.CLOCK), -group.index(i))
    )


def best_by_evidence(
    groups: list[list[int]], readings: list["array[int]"], spans: "array[int] | None"
) -> tuple[list[int], Phrase] | None:
    """Return the group that alone agrees with start and end, and why; None if none or several do."""
    if spans is not None:
        fitting = [group for group in groups if same(readings[group[0]], spans)]
        if len(fitting) == 1:
            return fitting[0], AGREES
    return None


def whole_of_parts(candidates: list[Values], readings: list["array[int]"]) -> int | None:
    """Return the candidate that is the sum of two or more others, such as billable and other hours; else None."""
    worked = [i for i, v in enumerate(candidates) if not {"planned", "aggregate"} & v.column.qualifiers]
    groups = alike(worked, readings)
    if len(groups) < 3:
        return None
    for group in groups:
        others = [readings[other[0]] for other in groups if other is not group]
        if same(readings[group[0]], sum_of(others)):
            return group[0]
    return None


def may_add_up(candidates: list[Values], readings: list["array[int]"]) -> bool:
    """Return True if the columns may be parts of one duration: of other units, or none contains another everywhere."""

    def contains(one: "array[int]", other: "array[int]") -> bool:
        pairs = zip(one, other, strict=True)
        return all(a >= b for a, b in pairs if a != MISSING and b != MISSING)

    units = [values.column.unit for values in candidates]
    if len(set(units)) == len(units) and "" not in units:
        return True
    return not any(contains(a, b) for a in readings for b in readings if a is not b)


def sum_of(readings: list["array[int]"]) -> "array[int]":
    """Return the sum of the columns in each row; MISSING in rows that none of them names."""
    rows = zip(*readings, strict=True)
    return array("q", (MISSING if max(row) == MISSING else sum(max(value, 0) for value in row) for row in rows))
