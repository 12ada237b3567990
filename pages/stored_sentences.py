"""Sentences that are stored in English with values in them: from its form, such a sentence is said in other languages.

Events and rows hold plain texts, which programs read as well. Whoever builds one from a form registers the form with
`stored_form`; `pages.presentation.translated` then knows the texts that were made from it.
"""

from pages.phrases import PLACEHOLDER

FORMS: list[str] = []


def stored_form(text: str) -> str:
    """Register a text for gettext with placeholders like %(title)s, and return it."""
    FORMS.append(text)
    return text


def form_and_values(sentence: str) -> tuple[str, dict[str, str]] | None:
    """Return the registered form from which the sentence was made, and the values in it; None if there is none."""
    for form in FORMS:
        if (values := values_in(sentence, form)) is not None:
            return form, values
    return None


def values_in(sentence: str, form: str) -> dict[str, str] | None:
    """Return the values with which the form makes the sentence; None if no values do."""
    first, *parts = PLACEHOLDER.split(form)
    is_long_enough = len(sentence) >= len(first) + len(parts[-1])
    if not is_long_enough or not sentence.startswith(first) or not sentence.endswith(parts[-1]):
        return None
    values, rest = {}, sentence[len(first) : len(sentence) - len(parts[-1])]
    for name, literal in zip(parts[:-2:2], parts[1:-1:2], strict=True):
        values[name], found, rest = rest.partition(literal)
        if not found:
            return None
    return {**values, parts[-2]: rest}
