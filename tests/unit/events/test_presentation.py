"""What a record keeps is told in the reader's language as far as it is known."""

import pytest
from django.utils.translation import override

from pages.presentation import translated


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("Hourly rate", "Taux horaire"),
        ("Hourly rate: We need this figure to continue; it was not in your request.",
         "Taux horaire: Il nous faut cette donnée pour continuer ; elle n’était pas dans votre demande."),
        ("Hourly rate: ask Ann", "Taux horaire: ask Ann"),
        ("Ann said: no", "Ann said: no"),
        (": ", ": "),
        ("", ""),
    ],
)  # fmt: skip
def test_known_texts_are_translated_and_others_left_alone(kept: str, told: str) -> None:
    with override("fr"):
        assert translated(kept) == told
