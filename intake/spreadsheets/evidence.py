"""Decide what the numbers of a duration column mean: from its header, its cells, and the start and end beside it.

What no evidence decides is a doubt. A reading that decides by more than the header and the cell itself says so.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from intake.spreadsheets.durations import MOST_MILLISECONDS, SCALE, Kind
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import NO_PHRASE
from intake.spreadsheets.survey import Values
from intake.spreadsheets.units import DAY, DAY_MILLISECONDS, DOTTED, JOINED, MILLISECONDS, TITLES
from intake.spreadsheets.words import word_set, words_of

# Stands in an array for a row without a duration that can be read.
MISSING = -1
# So many numbers, taken from all parts of the table, decide about a unit.
ENOUGH, MOST_LOOKED_AT = 0.8, 2_000
# A clock time above this is seldom the hours and minutes of one task; and these things last minutes and seconds.
LONGEST_TASK = 12 * MILLISECONDS["h"]
SHORT_THINGS = word_set(
    "call talk handle handling hold wait waiting ring queue wrap play audio video track length anruf gesprach"
    " gesprachszeit gesprachsdauer wartezeit appel attente llamada espera chiamata attesa chamada gesprek wachttijd"
)
HOUR = MILLISECONDS["h"]
# Durations of the same rows that are certain, with their name.
Reference = tuple[Phrase, "array[int]"]
MINUTES_SAID = Phrase(
    gettext_noop("The header says minutes and seconds, but cells hold hours: they were read as stored.")
)
AGREES = gettext_noop("The numbers agree with %(name)s as %(unit)s.")
AGREES_AS_SECONDS = gettext_noop("Times such as 18:25 agree with %(name)s as minutes and seconds.")
AS_THE_OTHERS = gettext_noop("Numbers without a unit were read as %(unit)s, like the other cells of the column.")


@dataclass(frozen=True)
class Meaning:
    """How the cells of a duration column are read. `mark` is the decimal mark of numbers such as `1,234`."""

    unit: str = "min"
    form: str = "h:mm"
    mark: str = "."


@dataclass
class Decision:
    """The meaning of a column, what was taken into account beyond its header, and what is open: {field: choices}."""

    meaning: Meaning
    notes: list[Phrase] = field(default_factory=list)
    open: dict[str, list[str]] = field(default_factory=dict)


def milliseconds_of(values: Values, meaning: Meaning) -> "array[int]":
    """Return the duration of each row in whole milliseconds; MISSING where the cell has none that can be read."""
    if (known := values.computed.get(meaning)) is None:
        known = values.computed[meaning] = computed_milliseconds(values, meaning)
    return known[:]


def computed_milliseconds(values: Values, meaning: Meaning) -> "array[int]":
    """Return the same as `milliseconds_of`, computed anew."""
    clock = 60 if meaning.form == "mm:ss" else 1
    unit, mark = meaning.unit, meaning.mark
    bare, unclear = int(Kind.BARE), (Kind.COMMA, Kind.DOT)
    size, half = MILLISECONDS.get(unit, 0), SCALE // 2
    largest = MOST_MILLISECONDS * SCALE // size if size else -1

    def read(kind: int, value: int) -> int:
        if kind == Kind.FIXED:
            return value
        if kind == bare:
            return in_unit(value, unit)
        if kind == Kind.CLOCK:
            return value // clock
        if kind in unclear and mark:
            return in_unit(value if (kind == Kind.COMMA) == (mark == ",") else value * 1000, unit)
        return MISSING

    # A generator, since a list of a million numbers takes five times the memory of the array.
    return array(
        "q",
        (
            (value * size + half) // SCALE if kind == bare and value <= largest else read(kind, value)
            for kind, value in zip(values.kinds, values.values, strict=True)
        ),
    )


def in_unit(value: int, unit: str) -> int:
    """Return billionths of the unit in milliseconds; MISSING if they cannot be read so, or are too long."""
    if unit == DOTTED:
        hours, rest = divmod(value, SCALE)
        minutes, beyond = divmod(rest, SCALE // 100)
        return hours * HOUR + minutes * MILLISECONDS["min"] if minutes < 60 and not beyond else MISSING
    if unit == JOINED:
        hours, minutes = divmod(value // SCALE, 100)
        return hours * HOUR + minutes * MILLISECONDS["min"] if minutes < 60 and value % SCALE == 0 else MISSING
    size = DAY_MILLISECONDS if unit == DAY else MILLISECONDS[unit]
    result = (value * size + SCALE // 2) // SCALE
    return result if result <= MOST_MILLISECONDS else MISSING


def decide(values: Values, references: Iterable[Reference], answers: dict[str, str]) -> Decision:
    """Return what the column's cells mean. `references` are durations of the same rows that are certain, with names."""
    decision = Decision(Meaning(values.column.unit or "min", values.column.form or "h:mm", ""))
    decide_mark(values, decision, answers)
    named = list(references)
    if values.count(Kind.BARE, Kind.COMMA, Kind.DOT):
        decide_unit(values, named, decision, answers)
    if values.count(Kind.CLOCK):
        decide_form(values, named, decision, answers)
    if values.column.form == "mm:ss" and any(value >= HOUR for value in values.values) and values.count(Kind.FIXED):
        decision.notes.append(MINUTES_SAID)
    return decision


def decide_mark(values: Values, decision: Decision, answers: dict[str, str]) -> None:
    """Decide whether the mark in numbers such as `1,234` is a decimal mark, as other numbers of the column prove."""
    commas, dots = values.count(Kind.COMMA), values.count(Kind.DOT)
    mark = ""
    if values.marks[","] and not values.marks["."]:
        mark = ","
    elif values.marks["."] and not values.marks[","]:
        mark = "."
    elif commas and dots:
        mark = ""
    elif commas or dots:
        mark = answers.get("decimal_mark", "")
        if mark not in (",", "."):
            own, other = (",", ".") if commas else (".", ",")
            # Hours have fractions; thousands of minutes or seconds are more likely than thousandths of one.
            likely = [own, other] if values.column.unit in ("h", "d") else [other, own]
            mark, decision.open["decimal_mark"] = likely[0], likely
    decision.meaning = replace(decision.meaning, mark=mark)


def decide_unit(values: Values, references: list[Reference], decision: Decision, answers: dict[str, str]) -> None:
    """Decide the unit of the column's numbers: by an answer, by durations beside it, by its header, by its cells."""
    numbers = list(bare_numbers(values, decision.meaning))
    header = values.column.unit
    if (answer := answers.get("duration_unit", "")) in TITLES:
        unit, note, choices = answer, NO_PHRASE, list[str]()
    elif (proven := proven_unit(numbers, references, header)) is not None:
        unit, name = proven
        note = Phrase(AGREES, name=name, unit=TITLES[unit]) if unit != header else NO_PHRASE
        choices = []
    elif header:
        # While the mark is open, the sizes of the numbers say nothing.
        contradicting = [] if "decimal_mark" in decision.open else contradicting_units(numbers, header)
        rough = rough_unit(numbers, references)
        if rough and rough[0] != header and not contradicting:
            contradicting = [header, rough[0]]
        unit, note, choices = header, NO_PHRASE, contradicting
    else:
        unit, note, choices = unit_of_cells(values, numbers)
    decision.meaning = replace(decision.meaning, unit=unit)
    decision.notes += [note] if note else []
    if choices:
        decision.open["duration_unit"] = choices


def bare_numbers(values: Values, meaning: Meaning) -> Iterator[tuple[int, int]]:
    """Yield (row, billionths) of numbers without a unit that are not zero, from all parts of the table."""
    # A power of two, so that a reader that does not know the count beforehand can take the same ones.
    step = 1 << (max(1, values.count(Kind.BARE, Kind.COMMA, Kind.DOT) // MOST_LOOKED_AT).bit_length() - 1)
    kinds = (Kind.BARE, Kind.COMMA, Kind.DOT)
    for row in islice((row for row, kind in enumerate(values.kinds) if kind in kinds), 0, None, step):
        value, kind = values.values[row], values.kinds[row]
        if kind != Kind.BARE and (kind == Kind.COMMA) != (meaning.mark == ","):
            value *= 1000
        if value:
            yield row, value


def proven_unit(numbers: list[tuple[int, int]], references: list[Reference], header: str) -> tuple[str, Phrase] | None:
    """Return (unit, name of the reference) if the numbers, read in the unit, are the durations beside them."""
    for name, reference in references:
        pairs = [(value, reference[row]) for row, value in numbers if reference[row] > 0]
        if not pairs:
            continue
        units = [header, *(unit for unit in TITLES if unit != header)] if header else list(TITLES)
        fits = {unit: sum(is_near(value, unit, known) for value, known in pairs) for unit in units}
        best = max(units, key=lambda unit: fits[unit])
        if fits[best] >= max(1, ENOUGH * len(pairs)):
            return best, name
    return None if header else rough_unit(numbers, references)


def rough_unit(numbers: list[tuple[int, int]], references: list[Reference]) -> tuple[str, Phrase] | None:
    """Return (unit, name of the reference) if the numbers are, in this unit alone, the durations less a break."""
    for name, reference in references:
        pairs = [(value, reference[row]) for row, value in numbers if reference[row] > 0]
        if not pairs:
            continue
        within = {
            unit: sum(is_within(value, unit, known) for value, known in pairs) for unit in ("ms", "s", "min", "h")
        }
        best = max(within, key=lambda unit: within[unit])
        if within[best] >= max(2, ENOUGH * len(pairs)):
            return best, name
    return None


def is_near(value: int, unit: str, known: int) -> bool:
    """Return True if the number in the unit is the known duration, but for what rounding to hundredths changes."""
    size = MILLISECONDS.get(unit, 0)
    read = in_unit(value, unit)
    return read != MISSING and abs(read - known) <= max(1000, min(size * 6 // 1000, 30_000))


def median(values: list[int]) -> float:
    """Return the median of at least one number. `statistics` has one, too, and takes a child a while to import."""
    ordered, middle = sorted(values), len(values) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def is_within(value: int, unit: str, known: int) -> bool:
    """Return True if the number in the unit may be the known duration less a break."""
    return 0.4 * known <= in_unit(value, unit) <= 1.02 * known


def contradicting_units(numbers: list[tuple[int, int]], header: str) -> list[str]:
    """Return the units to ask for, the header's first, if the numbers can hardly be what the header says."""
    values = [value for _row, value in numbers]
    if not values:
        return []
    typical = in_unit(int(median(values)), header)
    if header == "h" and may_be_dotted(values):
        return ["h", DOTTED]
    if header in ("h", "min") and may_be_day_fractions(values):
        return [header, DAY]
    smaller = {"w": "h", "d": "h", "h": "min", "min": "s", "s": "ms"}.get(header)
    limit = {"d": 5 * DAY_MILLISECONDS, "w": 60 * DAY_MILLISECONDS}.get(header, DAY_MILLISECONDS)
    return [header, smaller] if smaller and (typical > limit or typical == MISSING) else []


def may_be_dotted(values: list[int]) -> bool:
    """Return True if the numbers look like hours and minutes with a dot: two places below 60, not all quarters."""
    places = {value % SCALE * 100 // SCALE for value in values}
    is_exact = all(value % (SCALE // 100) == 0 for value in values)
    quarters = {0, 25, 50, 75}
    tenths = all(place % 10 == 0 for place in places)
    return is_exact and max(places) < 60 and not places <= quarters and not tenths


def may_be_day_fractions(values: list[int]) -> bool:
    """Return True if the numbers look like fractions of a day: below 2, whole minutes, long decimals."""
    if max(values) >= 2 * SCALE or all(value % (SCALE // 1000) == 0 for value in values):
        return False

    def are_whole(per_unit: int) -> bool:
        return all(abs(value * per_unit - round(value * per_unit / SCALE) * SCALE) < SCALE // 1000 for value in values)

    return are_whole(1440) or are_whole(86_400)


def unit_of_cells(values: Values, numbers: list[tuple[int, int]]) -> tuple[str, Phrase, list[str]]:
    """Return (unit, note, units to ask for) of a column whose header names no unit, from its cells."""
    spelled = {unit: count for unit, count in values.units.items() if unit in MILLISECONDS}
    bare = len(numbers)
    if len(spelled) == 1 and values.units.total() == sum(spelled.values()) and not values.count(Kind.CLOCK):
        [(unit, count)] = spelled.items()
        if count >= 2 * bare:
            return unit, Phrase(AS_THE_OTHERS, unit=TITLES[unit]), []
    choices = likely_units([value for _row, value in numbers], values.column.form)
    choices = [*spelled, *(unit for unit in choices if unit not in spelled)] if bare else []
    return (choices[0] if choices else "min"), NO_PHRASE, choices if len(choices) > 1 else []


def likely_units(values: list[int], form: str) -> list[str]:
    """Return the units that the numbers may have, the likeliest first."""
    if not values:
        return []
    typical, largest = int(median(values)), max(values)
    units = [unit for unit in ("min", "h", "s", "ms") if 500 <= in_unit(typical, unit) <= 40 * HOUR]
    if may_be_dotted(values):
        units.append(DOTTED)
    if may_be_day_fractions(values):
        units.append(DAY)
    has_fractions = any(value % SCALE for value in values)
    if len(units) < 2:
        units += [unit for unit in ("min", "h", "s") if unit not in units][:1]

    def unlikeliness(unit: str) -> tuple[bool, bool, int]:
        if unit == DAY:
            return False, False, -1
        is_long = not 0 <= in_unit(largest, unit) <= DAY_MILLISECONDS
        is_odd = has_fractions and unit in ("min", "s", "ms")
        return is_long, is_odd, units.index(unit)

    ordered = sorted(units, key=unlikeliness)
    return (
        [JOINED, *ordered] if form == "h:mm" and all(in_unit(value, JOINED) != MISSING for value in values) else ordered
    )


def decide_form(values: Values, references: list[Reference], decision: Decision, answers: dict[str, str]) -> None:
    """Decide whether clock times of two parts, such as 18:25, are hours and minutes or minutes and seconds."""
    forms = ["h:mm", "mm:ss"]
    form, choices = values.column.form or "h:mm", list[str]()
    if answers.get("clock_form") in forms:
        form = answers["clock_form"]
    elif (proven := proven_form(values, references)) is not None:
        form, name = proven
        if form != (values.column.form or "h:mm"):
            decision.notes.append(Phrase(AGREES_AS_SECONDS, name=name))
    elif not values.column.form and has_open_form(values):
        choices = forms
    decision.meaning = replace(decision.meaning, form=form)
    if choices:
        decision.open["clock_form"] = choices


def proven_form(values: Values, references: list[Reference]) -> tuple[str, Phrase] | None:
    """Return (form, name of the reference) if the clock times, read in the form, are the durations beside them."""
    for name, reference in references:
        pairs = [
            (values.values[r], reference[r]) for r, k in enumerate(values.kinds) if k == Kind.CLOCK and reference[r] > 0
        ]
        for form, divisor in (("h:mm", 1), ("mm:ss", 60)):
            near = sum(abs(value // divisor - known) <= MILLISECONDS["min"] // divisor for value, known in pairs)
            if pairs and near >= ENOUGH * len(pairs):
                return form, name
    return None


def has_open_form(values: Values) -> bool:
    """Return True if clock times of the column may be minutes and seconds, by header or size."""
    clocks = [value for kind, value in zip(values.kinds, values.values, strict=True) if kind == Kind.CLOCK and value]
    if not clocks:
        return False
    if values.column.unit in ("min", "s"):
        return len(clocks) * 2 > values.readable
    if values.units["h:mm:ss"] or values.units["mm:ss"]:
        return True
    if values.column.unit in ("h", "d"):
        return False
    if SHORT_THINGS & set(words_of(values.column.header)):
        return True
    odd = sum(value // MILLISECONDS["min"] % 5 != 0 for value in clocks)
    return max(clocks) > LONGEST_TASK or (odd * 10 > len(clocks) * 6 and median(clocks) >= 2 * HOUR)
