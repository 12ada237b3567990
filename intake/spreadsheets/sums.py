"""The sums over stored rows, expressed once, in SQL that polars runs here and a distributed engine runs elsewhere.

`stored` is the table of the rows with the columns of `parquet.SCHEMA` and `place`, the place of a row among all, which
only decides the order of the result. Every row of the result is a part of the rows with one text or category (`name`).
Milliseconds that are a multiple of 3 are minutes with at most five decimals, and are summed up; the others come with
their own value and how often, so that the sum of minutes as rows state them is exact to the last digit.
"""

KEYS = ("text", "category")
PARTS = """
SELECT {key} AS name, milliseconds % 3 = 0 AS summed,
    CASE WHEN milliseconds % 3 <> 0 THEN milliseconds END AS own,
    COUNT(*) AS tasks, SUM(milliseconds) AS milliseconds, MIN(place) AS place
FROM stored GROUP BY name, summed, own
"""


def parts_by(key: str) -> str:
    """Return the statement for the parts of each text (`key` "text") or category. Raises ValueError for another key."""
    if key not in KEYS:
        raise ValueError(f"Rows are not summed up by {key}.")
    return PARTS.format(key=key)
