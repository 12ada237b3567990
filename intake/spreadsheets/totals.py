"""Find the rows that are no tasks but totals of others: by their labels, their place, and by arithmetic."""

from array import array
from collections.abc import Sequence

from intake.spreadsheets.evidence import MISSING
from intake.spreadsheets.labels import Label
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import MS_PER_MINUTE

EXACT_MILLISECONDS = 1000
# A labelled total may differ by what rounding of the single rows changes: by so many milliseconds or this share.
SLACK = {
    Label.TOTAL: (MS_PER_MINUTE, 0.005),
    Label.TOTAL_OF: (EXACT_MILLISECONDS, 0.005),
    Label.NAMELESS: (EXACT_MILLISECONDS, 0),
}
FEWEST_ROWS_OF_A_SUM = 3
FEWEST_CELLS, MOST_NOTES = 3, 20
FEWEST_SHEETS = 3
NO_SUM = Phrase(
    gettext_noop("The row is named like a total, but is not the sum of rows above it: it counts as a task.")
)
NOTE_BELOW = Phrase(gettext_noop("The row has a single cell and stands below the table: it was left out."))
# What a row is that is left out: the sum of all rows above or below, or of a group of them.
SUMS = {
    "total": gettext_noop("The row is a total of the rows above (%(minutes)s minutes): it was left out."),
    "subtotal": gettext_noop("The row is a subtotal of the rows above (%(minutes)s minutes): it was left out."),
    "total below": gettext_noop("The row is a total of the rows below (%(minutes)s minutes): it was left out."),
}
TOTAL_WITHOUT = gettext_noop(
    "The row is named like a total and has no duration: it was left out. The rows above are %(above)s minutes."
)
OTHER_TOTAL = gettext_noop(
    "The row is named like a total and was left out; but it says %(own)s minutes, the rows above are %(above)s."
)

# What is said about rows, by their index.
Said = dict[int, Phrase]


def total_rows(
    labels: bytearray, durations: "array[int]", filled: bytearray, parts: list[int]
) -> tuple[Said, Said, int | None]:
    """Return the rows that are totals and those that only sound so, each with what to say, and a last row that may be.

    The last row is in doubt if it is the sum of all others and nothing but this says that it is a total.
    """
    found: Said = {}
    remarks: Said = {}
    doubtful = None
    for begin, end in zip(parts, [*parts[1:], len(labels)], strict=True):
        found.update(summed_above(labels, durations, begin, end))
        found.update(below_table(durations, filled, begin, end))
        found.update(summed_below(labels, durations, begin, end, found, remarks))
        found.update(below_total(durations, filled, begin, end, found))
        end = last_row(begin, end, found)
        if (last := last_as_sum(durations, begin, end, found)) is not None:
            if looks_like_a_footer(filled, begin, end):
                found[last] = said("total", durations[last])
            else:
                doubtful = last
    return found, remarks, doubtful


def below_table(durations: "array[int]", filled: bytearray, begin: int, end: int) -> Said:
    """Return the last rows of a table of several columns that have a single cell and no duration: notes below it."""
    found: Said = {}
    if max(filled[begin:end], default=0) < FEWEST_CELLS:
        return found
    for row in range(end - 1, max(begin, end - MOST_NOTES) - 1, -1):
        if filled[row] > 1 or durations[row] != MISSING:
            return found
        found[row] = NOTE_BELOW
    return {}


def below_total(durations: "array[int]", filled: bytearray, begin: int, end: int, known: Said) -> Said:
    """Return the rows of a single cell without a duration that stand below the last total."""
    row = end
    while row > begin and row - 1 not in known and filled[row - 1] == 1 and durations[row - 1] == MISSING:
        row -= 1
    return dict.fromkeys(range(row, end), NOTE_BELOW) if row - 1 in known else {}


def last_row(begin: int, end: int, known: Said) -> int:
    """Return the end of the rows without the last ones that are left out already."""
    while end > begin and end - 1 in known:
        end -= 1
    return end


def summed_sheets(durations: "array[int]", parts: list[int]) -> list[int]:
    """Return the sheets, by their place, whose sum is that of all other sheets: they repeat what the others say."""
    if len(parts) < FEWEST_SHEETS:
        return []
    ends = [*parts[1:], len(durations)]
    sums = [sum(max(value, 0) for value in durations[a:b]) for a, b in zip(parts, ends, strict=True)]
    return [place for place, own in enumerate(sums) if own and own == sum(sums) - own]


def equal_sheets(durations: "array[int]", parts: list[int]) -> list[int]:
    """Return the sheets, by their place, that have exactly the durations of an earlier sheet, row by row."""
    if len(parts) < 2:
        return []
    ends = [*parts[1:], len(durations)]
    slices = [durations[a:b] for a, b in zip(parts, ends, strict=True)]
    return [
        n for n, one in enumerate(slices) if len(one) >= FEWEST_ROWS_OF_A_SUM and max(one) > 0 and one in slices[:n]
    ]


def said(kind: str, milliseconds: int) -> Phrase:
    """Return what to say about a row that is left out as a total."""
    return Phrase(SUMS[kind], minutes=milliseconds / MS_PER_MINUTE)


def summed_below(labels: bytearray, durations: "array[int]", begin: int, end: int, known: Said, remarks: Said) -> Said:
    """Return the totals that stand below their rows: of all, of those since the last one, of totals."""
    found: Said = {}
    if not any(label in labels[begin:end] for label in (Label.TOTAL, Label.TOTAL_OF, Label.NAMELESS)):
        return found
    everything, group, subtotals = 0, 0, list[int]()
    for row in range(begin, end):
        value, label = durations[row], labels[row]
        if row in known:
            continue
        if label in (Label.TOTAL, Label.TOTAL_OF, Label.NAMELESS) and (value != MISSING or label == Label.TOTAL):
            kind = kind_of_sum(value, everything, group, subtotals, SLACK[Label(label)])
            if kind and value > 0:
                found[row] = said(kind, value)
                subtotals, group = after(kind, value, group, subtotals)
                continue
            if label == Label.TOTAL_OF:
                remarks[row] = NO_SUM
            if label == Label.TOTAL:
                rest = sum(max(below, 0) for below in durations[row + 1 : end])
                is_above = everything == 0 and value > 0 and abs(rest - value) <= EXACT_MILLISECONDS
                found[row] = said("total below", value) if is_above else mismatch(value, everything)
                continue
        if value != MISSING:
            everything += value
            group += value
    return found


def kind_of_sum(value: int, everything: int, group: int, subtotals: Sequence[int], slack: tuple[int, float]) -> str:
    """Return `total` if the value is the sum of all rows above, `subtotal` if of a group of them, else empty."""

    def is_near(amount: int) -> bool:
        least, share = slack
        return amount > 0 and abs(amount - value) <= max(least, int(amount * share))

    if is_near(everything):
        return "total"
    if is_near(group):
        return "subtotal"
    amount = group
    for subtotal in reversed(subtotals):
        amount += subtotal
        if is_near(amount):
            return "subtotal"
    return ""


def after(kind: str, value: int, group: int, subtotals: list[int]) -> tuple[list[int], int]:
    """Return the subtotals and the sum of the group after a total row."""
    return ([], 0) if kind == "total" else ([*subtotals[-50:], value if group else 0], 0)


def mismatch(value: int, everything: int) -> Phrase:
    """Return what to say about a row that is called a total and is not the sum of the rows above."""
    above = everything / MS_PER_MINUTE
    if value == MISSING:
        return Phrase(TOTAL_WITHOUT, above=above)
    return Phrase(OTHER_TOTAL, own=value / MS_PER_MINUTE, above=above)


def summed_above(labels: bytearray, durations: "array[int]", begin: int, end: int) -> Said:
    """Return the totals that stand above what they sum up, as outlines have them: all such rows, or none.

    Such rows lack a name that the rows below them have, and each is the sum of the rows to the next one.
    """
    heads = [row for row in range(begin, end) if labels[row] in (Label.PARTIAL, Label.TOTAL_OF)]
    if not heads or heads[0] != begin or heads[-1] == end - 1 or len(heads) * 2 > end - begin:
        return {}
    found = {}
    for head, stop in zip(heads, [*heads[1:], end], strict=True):
        below = sum(max(durations[row], 0) for row in range(head + 1, stop) if labels[row] != Label.TOTAL)
        if stop == head + 1 or durations[head] <= 0 or abs(below - durations[head]) > EXACT_MILLISECONDS:
            return {}
        found[head] = said("total below", durations[head])
    return found if len(heads) > 1 or end - begin > FEWEST_ROWS_OF_A_SUM else {}


def last_as_sum(durations: "array[int]", begin: int, end: int, known: Said) -> int | None:
    """Return the last row if it is the sum of all rows above it and was not found as a total; else None."""
    last = end - 1
    if last in known or last - begin < FEWEST_ROWS_OF_A_SUM or durations[last] <= 0:
        return None
    count = total = 0
    for row in range(begin, last):
        if (value := durations[row]) > 0 and row not in known:
            count, total = count + 1, total + value
    return last if count >= FEWEST_ROWS_OF_A_SUM and abs(total - durations[last]) <= EXACT_MILLISECONDS else None


def looks_like_a_footer(filled: bytearray, begin: int, end: int) -> bool:
    """Return True if the last row has fewer filled cells than every row above it."""
    return filled[end - 1] < min(filled[begin : end - 1])
