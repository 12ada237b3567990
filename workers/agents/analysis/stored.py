"""Count stored rows by columns: the tally and the hours by week, equal to those of the rows one by one.

Only processes of agents import this module, and only where rows are stored: polars takes memory and starts threads.
Tables that grow with the rows are read as a stream or in batches.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from intake.spreadsheets.rows import Columns
from workers.agents.analysis.shapes import REPLACED, has_placeholder, keeps_a_word
from workers.agents.analysis.stored_moments import add_spans, has_moment
from workers.agents.analysis.tally import (
    MOST_CASES,
    MOST_STEPS,
    MOST_TEXTS_NAMED,
    NO_END,
    QUARTER_MS,
    UNKNOWN,
    RowTally,
    Steps,
    Texts,
    TextTally,
)

BATCH_ROWS = 100_000

MILLISECONDS = pl.col("milliseconds").fill_null(0)
IS_SHORT = MILLISECONDS.is_between(0, QUARTER_MS, closed="none")
# The square of a duration may have more than 64 bits.
SQUARE = MILLISECONDS.cast(pl.Int128) * MILLISECONDS.cast(pl.Int128)


def tally_of(columns: Columns, *, with_steps: bool = True) -> RowTally:
    """Return the tally of more than MOST_DRAWN rows; `with_steps` is False where nobody needs the steps."""
    rows = columns.scan()
    by_shape = texts_by_shape(rows)
    kept = [shape for shape in by_shape if has_placeholder(shape) and not keeps_a_word(shape)]
    if kept:
        by_shape = texts_by_shape(rows, kept)
    tally = RowTally(by_shape={shape: texts for shape, (texts, _repeated) in by_shape.items()}, drawn=None)
    tally.repeated_rows = sum(repeated for _texts, repeated in by_shape.values())
    with_shape = rows.with_columns(shape_of(pl.col("text"), kept).alias("shape"))
    add_texts(tally, with_shape)
    tally.people = names_in(rows, "person")
    if tally.tells_people:
        add_people(tally, with_shape)
    if with_steps:
        add_steps(tally, with_shape)
    return tally


# -- texts -----------------------------------------------------------------------------------------
def shape_of(text: pl.Expr, kept: Sequence[str]) -> pl.Expr:
    """Return the shape of each text, as `shapes.shape_of`; texts whose shape is one of `kept` keep their numbers.

    Spaces are doubled first, so that each number has its own on both sides.
    """
    shape = text.str.replace_all(" ", "  ", literal=True)
    for pattern, number in REPLACED:
        shape = shape.str.replace_all(f"(^| )(?:{pattern})( |$)", f"${{1}}{number}${{2}}")
    shape = shape.str.replace_all("  ", " ", literal=True)
    return pl.when(shape.is_in(kept)).then(text).otherwise(shape) if kept else shape


def texts_by_shape(rows: pl.LazyFrame, kept: Sequence[str] = ()) -> dict[str, tuple[Texts, int]]:
    """Return (its different texts, how many rows have a text that another has too) of each shape."""
    texts = rows.filter(pl.col("text") != "").group_by("text").agg(pl.len().alias("rows"))
    found = texts.with_columns(shape_of(pl.col("text"), kept).alias("shape")).group_by("shape")
    repeated = pl.col("rows").filter(pl.col("rows") > 1).sum()
    named = pl.col("text").bottom_k(MOST_TEXTS_NAMED + 1)
    frame = found.agg(pl.len(), repeated, named.alias("named")).collect(engine="streaming")
    return {shape: (Texts(count, sorted(named)), rows) for shape, count, rows, named in frame.iter_rows()}


def add_texts(tally: RowTally, rows: pl.LazyFrame) -> None:
    """Add the sums of each shape with each category, and those of all rows."""
    sums = {
        "first": pl.col("text").min(),
        "count": pl.len(),
        "milliseconds": MILLISECONDS.sum(),
        "squares": SQUARE.sum(),
        "lasting": (MILLISECONDS > 0).sum(),
        "short": IS_SHORT.sum(),
        "short_milliseconds": MILLISECONDS.filter(IS_SHORT).sum(),
        "place": pl.col("place").min(),
    }
    used = rows.select("text", "shape", "category", "milliseconds").with_row_index("place")
    found = used.group_by("shape", "category").agg(**sums).collect(engine="streaming").sort("place")
    for shape, category, first, *numbers in found.drop("place").iter_rows():
        count, milliseconds, squares, lasting, short, short_milliseconds = numbers
        tally.rows += count
        tally.milliseconds += milliseconds
        tally.squares += squares
        tally.lasting_rows += lasting
        tally.short_rows += short
        tally.short_milliseconds += short_milliseconds
        if shape:
            tally.texts.append(TextTally(shape, category, first, count, milliseconds, squares))


# -- people and cases ------------------------------------------------------------------------------
def names_in(rows: pl.LazyFrame, key: str) -> dict[str, int]:
    """Return the names in the column of rows with a text, with their index in the order of the first rows.

    Of more than MOST_CASES there is one more: enough to know that they are too many.
    """
    used = rows.select("text", pl.col(key).alias("name")).with_row_index("place")
    named = used.filter(pl.col("text") != "", pl.col("name").is_not_null(), pl.col("name") != "")
    found = named.group_by("name").agg(pl.col("place").min()).collect(engine="streaming")
    first = found.bottom_k(MOST_CASES + 1, by="place").sort("place")
    return {name: index for index, name in enumerate(first["name"])}


def add_people(tally: RowTally, rows: pl.LazyFrame) -> None:
    """Note who did rows of each shape with each category."""
    named = rows.filter(pl.col("text") != "", pl.col("person").is_not_null(), pl.col("person") != "")
    found = named.select("shape", "category", "person").unique().collect(engine="streaming")
    texts = {(text.shape, text.category): text for text in tally.texts}
    for shape, category, person in found.iter_rows():
        texts[shape, category].people |= 1 << tally.people[person]


# -- steps -----------------------------------------------------------------------------------------
def add_steps(tally: RowTally, rows: pl.LazyFrame) -> None:
    """Keep the rows with a time of day and a person or a case, in the order of the rows, if they are not too many."""
    tally.cases = names_in(rows, "case")
    tally.limited = len(tally.cases) > MOST_CASES or len(tally.people) > MOST_CASES
    if tally.limited or not (tally.cases or tally.people):
        return
    for batch in steps_in(tally, rows):
        for name in ("start", "end", "milliseconds", "day", "text", "person", "case"):
            getattr(tally.steps, name).extend(batch[name].to_list())
        if len(tally.steps) > MOST_STEPS:
            tally.steps, tally.limited = Steps(), True
            return


def steps_in(tally: RowTally, rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the steps, some rows at a time, with the columns of Steps."""
    keys = {"shape": [text.shape for text in tally.texts], "category": [text.category for text in tally.texts]}
    texts = pl.DataFrame(keys, {"shape": pl.String, "category": pl.String}).with_row_index("index_of_text")
    names = {"person": name_frame(tally.people, "person"), "case": name_frame(tally.cases, "case")}
    wanted = rows.filter(pl.col("text") != "", *has_moment(), pl.any_horizontal(is_named(key) for key in names))
    columns = ("shape", "category", "milliseconds", "started_at", "ended_at", "person", "case")
    for batch in wanted.select(columns).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        frame = add_spans(batch).filter(pl.col("start").is_not_null())
        frame = frame.join(texts, on=["shape", "category"], how="left", maintain_order="left")
        for key, indexes in names.items():
            frame = frame.join(indexes, on=key, how="left", maintain_order="left")
        yield frame.select(
            "start",
            pl.col("end").fill_null(NO_END),
            MILLISECONDS.alias("milliseconds"),
            "day",
            pl.col("index_of_text").alias("text"),
            *(pl.col(f"index_of_{key}").fill_null(UNKNOWN).alias(key) for key in names),
        )


def is_named(key: str) -> pl.Expr:
    """Return whether the column has a name."""
    return pl.col(key).is_not_null() & (pl.col(key) != "")


def name_frame(indexes: dict[str, int], key: str) -> pl.DataFrame:
    """Return the names with their indexes as a table."""
    columns = {key: list(indexes), f"index_of_{key}": list(indexes.values())}
    return pl.DataFrame(columns, {key: pl.String, f"index_of_{key}": pl.Int64})
