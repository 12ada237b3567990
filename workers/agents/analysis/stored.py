"""Count stored rows by columns: the tally, equal to that of the rows one by one.

Only processes of agents import this module, and only where rows are stored: polars takes memory and starts threads.
The rows come in batches, in their order, so that memory does not grow with them. Only what the tally keeps does, and
24 bytes for each different text: its two hashes and how many rows have it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from intake.spreadsheets.rows import Columns
from workers.agents.analysis.shapes import REPLACED, has_placeholder, keeps_a_word
from workers.agents.analysis.stored_moments import add_spans, has_moment
from workers.agents.analysis.tally import (
    MOST_CASES,
    MOST_PEOPLE,
    MOST_STEPS,
    MOST_TEXTS_NAMED,
    NO_END,
    QUARTER_MS,
    UNKNOWN,
    RowTally,
    Steps,
    Texts,
    TextTally,
    index_of,
)

BATCH_ROWS = 100_000
USED = ("text", "category", "milliseconds", "started_at", "ended_at", "person", "case")
# Hashes of different seeds: no two texts have both in common.
SEEDS = (1, 2)
HASHES = ("hash_1", "hash_2")
# Texts are counted together whenever so many have come: often enough to hold few, rarely enough to cost little.
MOST_WAITING = 300_000

MILLISECONDS = pl.col("milliseconds").fill_null(0)
IS_SHORT = MILLISECONDS.is_between(0, QUARTER_MS, closed="none")
# The square of a duration may have more than 64 bits.
SQUARE = MILLISECONDS.cast(pl.Int128) * MILLISECONDS.cast(pl.Int128)
SUMS = {
    "first": pl.col("text").min(),
    "count": pl.len(),
    "sum": MILLISECONDS.sum(),
    "squares": SQUARE.sum(),
    "lasting": (MILLISECONDS > 0).sum(),
    "short": IS_SHORT.sum(),
    "short_sum": MILLISECONDS.filter(IS_SHORT).sum(),
}


def tally_of(columns: Columns, *, with_steps: bool = True) -> RowTally:
    """Return the tally of more than MOST_DRAWN rows; `with_steps` is False where nobody needs the steps."""
    counting = Counting(with_steps)
    used = columns.scan().select(USED)
    for batch in used.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        counting.add(batch)
    return counting.finished()


@dataclass
class Counting:
    """A tally that grows by batches. `indexes` are those of the tally's texts, by shape and category."""

    with_steps: bool
    tally: RowTally = field(default_factory=lambda: RowTally(drawn=None))
    indexes: dict[tuple[str, str], int] = field(default_factory=dict)
    kept: dict[str, bool] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)
    counted: list[pl.DataFrame] = field(default_factory=list)
    waiting: int = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Count the rows of the batch."""
        with_shape = self.with_shape(batch)
        self.add_sums(with_shape)
        rows = with_shape.filter(pl.col("shape") != "")
        self.add_spellings(rows)
        keys = pl.DataFrame(list(self.indexes), {"shape": pl.String, "category": pl.String}, orient="row")
        rows = rows.join(
            keys.with_row_index("index"), on=["shape", "category"], how="left", maintain_order="left"
        ).with_columns(pl.col("index").cast(pl.Int64))
        rows = rows.join(self.found(rows, "person", self.tally.people), on="person", how="left", maintain_order="left")
        self.add_people(rows)
        if self.with_steps:
            rows = rows.join(self.found(rows, "case", self.tally.cases), on="case", how="left", maintain_order="left")
            add_steps(self.tally, rows)

    def with_shape(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the shape of their text; a text that keeps its numbers is its own shape."""
        frame = batch.with_columns(shape_of(pl.col("text")).alias("shape"))
        shapes = frame["shape"].unique()
        for shape in shapes:
            if shape not in self.kept:
                self.kept[shape] = has_placeholder(shape) and not keeps_a_word(shape)
        if kept := [shape for shape in shapes if self.kept[shape]]:
            is_kept = pl.col("shape").is_in(kept)
            frame = frame.with_columns(shape=pl.when(is_kept).then("text").otherwise("shape"))
        return frame

    def add_sums(self, rows: pl.DataFrame) -> None:
        """Add the sums of each shape with each category, and those of all rows."""
        tally = self.tally
        for shape, category, *sums in rows.group_by("shape", "category", maintain_order=True).agg(**SUMS).iter_rows():
            first, count, milliseconds, squares, lasting, short, short_milliseconds = sums
            tally.rows += count
            tally.milliseconds += milliseconds
            tally.squares += squares
            tally.lasting_rows += lasting
            tally.short_rows += short
            tally.short_milliseconds += short_milliseconds
            if not shape:
                continue
            if (index := self.indexes.setdefault((shape, category), len(tally.texts))) == len(tally.texts):
                tally.texts.append(TextTally(shape, category, first))
            text = tally.texts[index]
            text.first = min(text.first, first)
            text.count += count
            text.milliseconds += milliseconds
            text.squares += squares

    def add_spellings(self, rows: pl.DataFrame) -> None:
        """Note which texts each shape has, and count the rows of each text."""
        named = rows.group_by("shape").agg(pl.col("text").unique().bottom_k(MOST_TEXTS_NAMED + 1))
        for shape, texts in named.iter_rows():
            known = self.named.get(shape)
            self.named[shape] = sorted({*texts, *known} if known else texts)[: MOST_TEXTS_NAMED + 1]
        hashes = (pl.col("text").hash(seed).alias(name) for seed, name in zip(SEEDS, HASHES, strict=True))
        numbers = pl.DataFrame({"shape": list(self.named)}, {"shape": pl.String}).with_row_index("number")
        counted = rows.group_by(*hashes).agg(rows=pl.len(), shape=pl.col("shape").first())
        # A number, and not the shape: of a text, columns keep the memory of the whole batch.
        self.counted.append(counted.join(numbers, on="shape", how="left").select(*HASHES, "rows", "number"))
        self.waiting += self.counted[-1].height
        if self.waiting > max(MOST_WAITING, self.counted[0].height // 2):
            self.count_together()

    def count_together(self) -> None:
        """Count the rows of each text over all batches so far."""
        together = pl.concat(self.counted).group_by(HASHES)
        self.counted, self.waiting = [together.agg(pl.col("rows").sum(), pl.col("number").first())], 0

    def found(self, rows: pl.DataFrame, key: str, indexes: dict[str, int]) -> pl.DataFrame:
        """Return the names in the column with their indexes, new ones for new names; see `tally.index_of`."""
        names = rows[key].drop_nulls().unique(maintain_order=True).to_list()
        columns = {key: names, f"{key}_index": [index_of(indexes, name) for name in names]}
        return pl.DataFrame(columns, {key: pl.String, f"{key}_index": pl.Int64})

    def add_people(self, rows: pl.DataFrame) -> None:
        """Note who did rows of each text, unless there are too many people."""
        if 0 < len(self.tally.people) <= MOST_PEOPLE:
            named = rows.filter(pl.col("person_index") != UNKNOWN)
            for index, person in named.select("index", "person_index").unique().iter_rows():
                self.tally.texts[index].people |= 1 << person

    def finished(self) -> RowTally:
        """Return the tally after the last batch."""
        tally = self.tally
        if self.counted:
            self.count_together()
            repeated = pl.col("rows").filter(pl.col("rows") > 1).cast(pl.Int64).sum()
            by_shape, shapes = self.counted[0].group_by("number").agg(pl.len(), repeated), list(self.named)
            for number, count, rows in by_shape.iter_rows():
                tally.repeated_rows += rows
                tally.by_shape[shapes[number]] = Texts(count, self.named[shapes[number]])
        return tally


def shape_of(text: pl.Expr) -> pl.Expr:
    """Return the shape of each text, as `shapes.shape_of`, but also of those that keep their numbers.

    Spaces are doubled first, so that each number has its own on both sides.
    """
    shape = text.str.replace_all(" ", "  ", literal=True)
    for before, number, after, replacement in REPLACED:
        pattern = f"(^| )({before})(?:{number})({after})( |$)"
        shape = shape.str.replace_all(pattern, f"${{1}}${{2}}{replacement}${{3}}${{4}}")
    return shape.str.replace_all("  ", " ", literal=True)


def add_steps(tally: RowTally, rows: pl.DataFrame) -> None:
    """Keep the rows with a time of day and a person or a case, if they are not too many."""
    if len(tally.cases) > MOST_CASES or len(tally.people) > MOST_CASES:
        tally.steps, tally.limited = Steps(), True
    if tally.limited:
        return
    for column, values in step_columns(rows):
        getattr(tally.steps, column).extend(values)
    if len(tally.steps) > MOST_STEPS:
        tally.steps, tally.limited = Steps(), True


def step_columns(rows: pl.DataFrame) -> Iterator[tuple[str, list[int]]]:
    """Yield the columns of Steps with the values of those rows that are steps."""
    owners = [pl.col(f"{key}_index").fill_null(UNKNOWN).alias(key) for key in ("person", "case")]
    wanted = rows.with_columns(owners).filter(has_moment(), pl.any_horizontal(pl.col("person", "case") != UNKNOWN))
    steps = add_spans(wanted).filter(pl.col("start").is_not_null())
    known = steps.with_columns(MILLISECONDS, pl.col("end").fill_null(NO_END), pl.col("index").alias("text"))
    for name in ("start", "end", "milliseconds", "day", "text", "person", "case"):
        yield name, known[name].to_list()
