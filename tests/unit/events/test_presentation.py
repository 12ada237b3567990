"""What a record keeps is told in the reader's language as far as it is known."""

import pytest
from django.utils.translation import override

from clarifications import asking, services, silence  # noqa: F401  (their sentences are known once they are loaded)
from pages.presentation import translated


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("Hourly rate", "Taux horaire"),
        ("Hourly rate: We need this figure to continue; it was not in your request.",
         "Taux horaire : Il nous faut cette donnée pour continuer ; elle n’était pas dans votre demande."),
        ("Hourly rate: ask Ann", "Taux horaire : ask Ann"),
        ("Ann said: no", "Ann said: no"),
        (": ", ": "),
        ("May “Collect requirements” start?", "La tâche « Recueillir les exigences » peut-elle commencer ?"),
        ("May “Collect requirements” start?: The template asks for it.",
         "La tâche « Recueillir les exigences » peut-elle commencer ? : Le modèle le demande."),
        ("Nobody answered “Hourly rate” in time.", "Personne n’a répondu à temps à « Taux horaire »."),
        ("“May “Collect requirements” start?” was declined: nobody answered in time",
         "« La tâche « Recueillir les exigences » peut-elle commencer ? » a été refusée : "
         "personne n’a répondu à temps"),
        ("The template asks for it. Earlier comments: “Shorter.”",
         "Le modèle le demande. Remarques précédentes : “Shorter.”"),
        ("May “Collect requirements” stop?", "May “Collect requirements” stop?"),
        ("", ""),
    ],
)  # fmt: skip
def test_known_texts_are_translated_and_others_left_alone(kept: str, told: str) -> None:
    with override("fr"):
        assert translated(kept).replace("\u00a0", " ") == told.replace("\u00a0", " ")
