"""Names in PostgreSQL that are also needed where its driver is not loaded, which takes a fifteenth of a start."""

# The role of limited statements: named after the one that signs in, which owns the tables and is not limited itself.
ROLE_END = "_web"
# PostgreSQL's own limit for names.
LONGEST_NAME = 63
# What begins and ends a transaction.
BEGIN, COMMIT = "BEGIN", "COMMIT"
# The codes of its errors for a table and a column that are missing.
UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"


def role_of(login: str) -> str:
    """Return the name of the role of limited statements for who signs in under this name."""
    return f"{login[: LONGEST_NAME - len(ROLE_END)]}{ROLE_END}"
