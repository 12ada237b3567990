"""The names under which the time analysis counts rows that have no category, and those of too many categories."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# A category is counted under its first characters.
LONGEST_CATEGORY = 100
UNCATEGORISED = gettext_noop("Uncategorised")
OTHER = gettext_noop("Other categories")


def category_in_words(category: str) -> str:
    """Return the category as people read it: Interlock's own names in their language, any other unchanged."""
    return _(category) if category in (UNCATEGORISED, OTHER) else category
