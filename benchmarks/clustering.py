"""How long it takes to group distinct texts by the task they mean, beside comparing every pair of them.

Every pair is compared by rapidfuzz's own loop in C over a sample, and the time is scaled by the number of pairs.
"""

import argparse
import random
import time

from rapidfuzz import fuzz, process

from benchmarks.figures import Figure, publish
from intake.spreadsheets.rows import Row
from workers.agents.recurrence import SAME_TEXT_SCORE, recurrence_of

VERBS = "check approve archive correct prüfen buchen bestellen vérifier saisir revisar controllare arquivar controleren"
THINGS = "invoice contract order payslip Rechnung Vertrag Auftrag facture commande pedido fattura fatura bestelling"
NAMES = "Müller Meier Schmidt Huber Wagner Becker Dupont Bernard Rossi Bianchi García Silva Jansen Visser Anna Lucas"


def main() -> None:
    """Print and publish the seconds of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=2_000)
    options = parser.parse_args()
    texts = distinct_texts(options.texts)
    rows = [Row(text=text, category="", estimated_minutes=1.0) for text in texts]
    started = time.process_time()
    groups = len(recurrence_of(rows).groups)
    grouped = time.process_time() - started
    all_pairs = seconds_of_all_pairs(texts[: options.sample]) * (len(texts) / options.sample) ** 2
    print(f"{len(texts):,} distinct texts in {groups:,} groups: {grouped:.2f} s; all pairs: {all_pairs:,.0f} s")
    publish([Figure(f"comparing all pairs of {len(texts):,} texts", all_pairs, "s", grouped, "grouping them by task")])


def distinct_texts(number: int) -> list[str]:
    """Return so many distinct texts of a few hundred tasks, with numbers and names."""
    generator, texts = random.Random(1), dict[str, None]()
    verbs, things, names = VERBS.split(), THINGS.split(), NAMES.split()
    while len(texts) < number:
        task = f"{generator.choice(verbs)} {generator.choice(things)}{generator.choice(['', 's', ' again'])}"
        texts[f"{task} {generator.randrange(10**6)} {generator.choice(names)}"] = None
    return list(texts)


def seconds_of_all_pairs(texts: list[str]) -> float:
    """Return the processor time of comparing each text with all."""
    started = time.process_time()
    for text in texts:
        process.extract(text, texts, scorer=fuzz.token_set_ratio, score_cutoff=SAME_TEXT_SCORE, limit=None)
    return time.process_time() - started


if __name__ == "__main__":
    main()
