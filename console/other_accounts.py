"""Says which other accounts a person has, to an operator who acts on one of them."""

from collections.abc import Iterable

from accounts.models import User


def in_words(others: Iterable[User]) -> str:
    """Return a sentence, with a space before it, that names the accounts and their organisations; "" for none."""
    listed = ", ".join(f"{account} ({account.organisation})" for account in others)
    return f" The same person has other accounts, which stay as they are: {listed}." if listed else ""
