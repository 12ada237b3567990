"""Decide which column holds the durations, if several could: by their names, by their values, or by a person."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from intake.spreadsheets.comparing import (
    REFERENCE,
    SAME_MILLISECONDS,
    alike,
    best_by_evidence,
    fullest,
    is_clock_column,
    may_add_up,
    names_of,
    same,
    sum_of,
    whole_of_parts,
)
from intake.spreadsheets.durations import SCALE, Kind
from intake.spreadsheets.evidence import MISSING, Decision, Reference, bare_numbers, decide, milliseconds_of
from intake.spreadsheets.known import Program
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.survey import Survey, Values
from intake.spreadsheets.units import TITLES

START_TO_END, NO_COLUMN, TOGETHER = "start-to-end", "none", "together"
FORM_TITLES = {
    "h:mm": Phrase(gettext_noop("hours and minutes")),
    "mm:ss": Phrase(gettext_noop("minutes and seconds")),
}
# What is said about a column that is read although its name says so.
DOUBTFUL_NAMES = {
    "average": Phrase(
        gettext_noop("The column is named an average: the sum of averages is not the time that was worked.")
    ),
    "aggregate": Phrase(gettext_noop("The column is named a sum over others: what it sums up may count twice.")),
    "partial": Phrase(gettext_noop("The column is named a part or a rounding of the time that was worked.")),
}
MARK_TITLES = {
    ",": Phrase(gettext_noop("a comma before the fraction")),
    ".": Phrase(gettext_noop("a dot before the fraction")),
}
NAMED, THE_COLUMN = gettext_noop("“%(name)s”"), gettext_noop("the column “%(name)s”")
BY_PROGRAM = gettext_noop("The table looks like an export of %(program)s, whose numbers are %(unit)s: read so.")
SUM_OF_OTHERS = gettext_noop("The durations are those of “%(name)s”: they are the sum of the other columns.")
NOT_THE_OTHERS = gettext_noop("The durations are those of “%(name)s”, not of %(others)s: %(why)s.")
NOT_READ = gettext_noop("The column “%(name)s” was not read: it is %(why)s.")
FROM_START_TO_END = Phrase(gettext_noop("No column holds a duration: it is the time from start to end."))
FURTHER_TIMES = gettext_noop("There are further starts and ends, which were not read: %(names)s.")
# Why a column is left out.
A_TIME_OF_DAY = Phrase(gettext_noop("a time of day"))
PLANNED = Phrase(gettext_noop("planned, or left over"))
SUMMED_UP = Phrase(gettext_noop("summed up over others"))
A_PART = Phrase(gettext_noop("only a part or a rounding"))
# The questions about a column, and the choices that are not units.
MULTIPLY = gettext_noop("Is the duration of a row to be multiplied by “%(name)s”?")
ONCE = Phrase(gettext_noop("no, it is that of all of them together"))
MULTIPLIED = Phrase(gettext_noop("yes, it is that of one of them"))
ALL_TOGETHER = Phrase(gettext_noop("all of them together"))
WHICH_COLUMN = Phrase(gettext_noop("Which column holds the time that was worked?"))
IS_TIME_OF_DAY = gettext_noop("“%(name)s” is a time of day")
IS_DURATION = gettext_noop("“%(name)s” is how long it took")
WHICH_OF_BOTH = gettext_noop("Is “%(name)s” a duration or a time of day?")
TAKE_OFF = gettext_noop("Is “%(name)s” to be taken off the time from start to end?")
TAKEN_OFF = Phrase(gettext_noop("yes, it is taken off"))
COUNTED = Phrase(gettext_noop("no, it counts as work"))
WHICH_UNIT = gettext_noop("In which unit are the numbers of “%(name)s”?")
WHICH_FORM = gettext_noop("What are times such as 18:25 in “%(name)s”?")
WHICH_MARK = gettext_noop("Which sign stands before the fraction in “%(name)s”?")


@dataclass(frozen=True)
class OpenChoice:
    """A doubt before its totals are known: for each value its words and the durations that it would give."""

    field: str
    title: Phrase
    column: str | None
    readings: list[tuple[str, Phrase, "array[int]"]]


@dataclass
class Durations:
    """The duration of each row in milliseconds, where it comes from, what is to be said about it, and what is open.

    `values` is the column; None where the durations are the time from start to end, or where there are none.
    """

    milliseconds: "array[int]"
    values: Values | None = None
    from_times: bool = False
    unit: str = ""
    notes: list[Phrase] = field(default_factory=list)
    doubts: list[OpenChoice] = field(default_factory=list)
    # The rows whose duration was computed from start and end because their cell has none.
    filled: list[int] = field(default_factory=list)

    @property
    def header(self) -> str | None:
        return self.values.column.header if self.values else None


def choose_durations(survey: Survey, answers: Mapping[str, str], program: Program | None = None) -> Durations:
    """Return the durations of the table's rows, with what was decided, what is said about it and what is open."""
    spans = spans_of(survey)
    references = [(REFERENCE, spans)] if spans is not None else []
    candidates = [values for values in survey.candidates if values.readable]
    decisions = decide_all(candidates, references)
    picked, notes, doubts = pick(survey, candidates, decisions, spans, answers)
    if picked is None:
        if (spans is None and candidates) or answers.get("duration_column") == NO_COLUMN:
            return Durations(array("q", [MISSING]) * len(survey), notes=notes, doubts=doubts)
        return from_start_to_end(survey, spans, notes, doubts, answers)
    if answers.get("duration_column") == TOGETHER and doubts and doubts[0].readings[-1][0] == TOGETHER:
        return Durations(doubts[0].readings[-1][2], picked, notes=notes)
    others = [pair for values, pair in certain(candidates, decisions) if values is not picked]
    decision = decide(picked, references + others, dict(answers))
    if program is not None and "duration_unit" in decision.open:
        trust_program(picked, decision, program)
    found = Durations(milliseconds_of(picked, decision.meaning), picked, notes=notes + decision.notes, doubts=doubts)
    found.unit = unit_shown(picked, decision)
    found.notes += [note for qualifier, note in DOUBTFUL_NAMES.items() if qualifier in picked.column.qualifiers]
    found.doubts += open_choices(picked, decision)
    if spans is not None:
        fill_from_spans(found, spans)
    multiply(survey, found, answers)
    return found


def trust_program(values: Values, decision: Decision, program: Program) -> None:
    """Settle the unit of an export whose program is known to write bare numbers in one unit, and say so."""
    numbers = [value for _row, value in bare_numbers(values, decision.meaning)]
    if program.unit and all(value % (program.multiple * SCALE) == 0 for value in numbers):
        del decision.open["duration_unit"]
        decision.meaning = replace(decision.meaning, unit=program.unit)
        decision.notes.append(Phrase(BY_PROGRAM, program=program.name, unit=TITLES[program.unit]))


def multiply(survey: Survey, found: Durations, answers: Mapping[str, str]) -> None:
    """Ask whether the durations count as often as the column of counts says, or do as the answer says."""
    counts = survey.counts
    if counts is None or counts.count(Kind.BARE) * 2 < len(survey) or max(counts.values) <= SCALE:
        return
    pairs = zip(found.milliseconds, counts.kinds, counts.values, strict=True)
    often = array("q", (value * n // SCALE if value > 0 and kind == Kind.BARE else value for value, kind, n in pairs))
    if answers.get("times") == "multiplied":
        found.milliseconds = often
    if answers.get("times") in ("once", "multiplied"):
        return
    title = Phrase(MULTIPLY, name=counts.column.header)
    readings = [
        ("once", ONCE, found.milliseconds),
        ("multiplied", MULTIPLIED, often),
    ]
    found.doubts.append(OpenChoice("times", title, counts.column.header, readings))


def decide_all(candidates: list[Values], references: list[Reference]) -> list[Decision]:
    """Return what each candidate's cells mean; what is open is decided by the candidates that are certain."""
    decisions = [decide(values, references, {}) for values in candidates]
    known = certain(candidates, decisions)
    return [
        decide(values, references + [pair for other, pair in known if other is not values], {}) if d.open else d
        for values, d in zip(candidates, decisions, strict=True)
    ]


def certain(candidates: list[Values], decisions: list[Decision]) -> list[tuple[Values, Reference]]:
    """Return the candidates whose meaning is certain, each with its name and its durations."""
    return [
        (
            values,
            (
                Phrase(gettext_noop("the column “%(name)s”"), name=values.column.header),
                milliseconds_of(values, decision.meaning),
            ),
        )
        for values, decision in zip(candidates, decisions, strict=True)
        if not decision.open and "planned" not in values.column.qualifiers
    ]


def spans_of(survey: Survey) -> "array[int] | None":
    """Return the time from start to end of each row less its break; None if the table has no starts and ends."""
    times = survey.times
    if times is None or not times.has_spans:
        return None
    spans = array("q", (span if span >= 0 else MISSING for span in times.spans()))
    return spans if max(spans, default=0) > 0 else None


def pick(
    survey: Survey,
    candidates: list[Values],
    decisions: list[Decision],
    spans: "array[int] | None",
    answers: Mapping[str, str],
) -> tuple[Values | None, list[Phrase], list[OpenChoice]]:
    """Return the column that holds the durations (None for start to end, or none), what to say, and what is open."""
    readings = [milliseconds_of(v, d.meaning) for v, d in zip(candidates, decisions, strict=True)]
    names = names_of(candidates)
    if (answer := answers.get("duration_column", "")) in (*names, START_TO_END, NO_COLUMN):
        return (candidates[names.index(answer)] if answer in names else None), [], []
    if (whole := whole_of_parts(candidates, readings)) is not None:
        return candidates[whole], [Phrase(SUM_OF_OTHERS, name=names[whole])], []
    left, notes = leave_out(survey, candidates, readings)
    if not left:
        return None, notes, []
    if len(left) == 1 and is_clock_column(survey, candidates[left[0]], readings[left[0]]):
        return clock_doubt(readings[left[0]], names[left[0]], len(survey))
    groups = alike(left, readings)
    if len(groups) > 1 and (best := best_by_evidence(groups, readings, spans)) is not None:
        index, why = best[0][0], best[1]
        others = [names[group[0]] for group in groups if group is not best[0]]
        return candidates[index], [*notes, Phrase(NOT_THE_OTHERS, name=names[index], others=others, why=why)], []
    chosen = [fullest(group, candidates) for group in groups]
    doubts = [column_doubt(chosen, candidates, readings, names)] if len(chosen) > 1 else []
    return candidates[chosen[0]], notes, doubts


def column_doubt(
    chosen: list[int], candidates: list[Values], readings: list["array[int]"], names: list[str]
) -> OpenChoice:
    """Return the question which of the chosen candidates holds the durations, or whether all of them do together."""
    choices = [(names[i], Phrase(NAMED, name=names[i]), readings[i]) for i in chosen]
    if may_add_up([candidates[i] for i in chosen], [readings[i] for i in chosen]):
        choices.append((TOGETHER, ALL_TOGETHER, sum_of([readings[i] for i in chosen])))
    return OpenChoice("duration_column", WHICH_COLUMN, names[chosen[0]], choices)


def leave_out(survey: Survey, candidates: list[Values], readings: list["array[int]"]) -> tuple[list[int], list[Phrase]]:
    """Return the candidates that may hold what was worked, and notes about those that do not by their names.

    A column is left out if it is nearly empty, or planned, billable or a time of day, and another one is not.
    """
    fullest_count = max((values.readable for values in candidates), default=0)
    left = [i for i, values in enumerate(candidates) if values.readable * 2 >= fullest_count]
    notes = []
    tests: list[tuple[Phrase, Callable[[int], bool]]] = [
        (A_TIME_OF_DAY, lambda i: is_clock_column(survey, candidates[i], readings[i])),
        (PLANNED, lambda i: "planned" in candidates[i].column.qualifiers),
        (SUMMED_UP, lambda i: "aggregate" in candidates[i].column.qualifiers),
        (A_PART, lambda i: "partial" in candidates[i].column.qualifiers),
    ]
    for why, test in tests:
        kept = [i for i in left if not test(i)]
        if kept and len(kept) < len(left):
            dropped = [i for i in left if i not in kept]
            notes += [
                Phrase(NOT_READ, name=candidates[i].column.header, why=why)
                for i in dropped
                if not any(same(readings[i], readings[k]) for k in kept)
            ]
            left = kept
    return left, notes


def clock_doubt(reading: "array[int]", name: str, rows: int) -> tuple[Values | None, list[Phrase], list[OpenChoice]]:
    """Return the question whether the only column that could be a duration is a time of day."""
    nothing = array("q", [MISSING]) * rows
    choices = [
        (NO_COLUMN, Phrase(IS_TIME_OF_DAY, name=name), nothing),
        (name, Phrase(IS_DURATION, name=name), reading),
    ]
    return None, [], [OpenChoice("duration_column", Phrase(WHICH_OF_BOTH, name=name), name, choices)]


def from_start_to_end(
    survey: Survey,
    spans: "array[int] | None",
    notes: list[Phrase],
    doubts: list[OpenChoice],
    answers: Mapping[str, str],
) -> Durations:
    """Return the time from start to end of each row as its duration, less the break where the table names one."""
    if spans is None:
        return Durations(array("q", [MISSING]) * len(survey), notes=notes, doubts=doubts)
    found = Durations(spans, from_times=True, unit="", notes=notes, doubts=doubts)
    found.notes.append(FROM_START_TO_END)
    if survey.times is not None and survey.times.unused:
        names = [column.header for column in survey.times.unused]
        found.notes.append(Phrase(FURTHER_TIMES, names=names))
    breaks = survey.breaks
    if breaks is None or not breaks.readable:
        return found
    decision = decide(breaks, [], {})
    pauses = milliseconds_of(breaks, decision.meaning)
    net = array(
        "q",
        [span - max(pause, 0) if span >= max(pause, 0) else span for span, pause in zip(spans, pauses, strict=True)],
    )
    title = Phrase(TAKE_OFF, name=breaks.column.header)
    readings = [("taken-off", TAKEN_OFF, net), ("counted", COUNTED, spans)]
    if answers.get("breaks") in ("taken-off", "counted"):
        found.milliseconds = net if answers["breaks"] == "taken-off" else spans
        return found
    found.milliseconds = net
    found.doubts.append(OpenChoice("breaks", title, breaks.column.header, readings))
    return found


def unit_shown(values: Values, decision: Decision) -> str:
    """Return the unit of the column for people: that of its numbers, or the form of its clock times."""
    if values.count(Kind.BARE, Kind.COMMA, Kind.DOT):
        return decision.meaning.unit
    if values.count(Kind.CLOCK):
        return decision.meaning.form
    units = [unit for unit, _count in values.units.most_common(1)]
    return units[0] if units else "h:mm" if values.count(Kind.FIXED) else ""


def open_choices(values: Values, decision: Decision) -> list[OpenChoice]:
    """Return the open points of the column's meaning, with the durations that each choice would give."""
    header = values.column.header
    titles = {
        "duration_unit": (WHICH_UNIT, TITLES, "unit"),
        "clock_form": (WHICH_FORM, FORM_TITLES, "form"),
        "decimal_mark": (WHICH_MARK, MARK_TITLES, "mark"),
    }
    found = []
    for name, choices in decision.open.items():
        title, words, part = titles[name]
        readings = [
            (choice, words[choice], milliseconds_of(values, replace(decision.meaning, **{part: choice})))
            for choice in choices
        ]
        found.append(OpenChoice(name, Phrase(title, name=header), header, readings))
    return found


def fill_from_spans(found: Durations, spans: "array[int]") -> None:
    """Give rows without a readable duration the time from start to end, if the others do not contradict it."""
    if MISSING not in found.milliseconds:
        return
    near = [abs(a - b) <= SAME_MILLISECONDS for a, b in zip(found.milliseconds, spans, strict=True) if a > 0 and b > 0]
    if sum(near) * 2 < len(near):
        return
    for row, (value, span) in enumerate(zip(found.milliseconds, spans, strict=True)):
        if value == MISSING and span > 0:
            found.milliseconds[row] = span
            found.filled.append(row)
