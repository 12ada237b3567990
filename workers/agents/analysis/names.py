"""Find names in the texts of tasks by how they vary: "Invoice 4711 Müller" and "Invoice 4712 Meier" are one task.

A capitalised word is taken for a name where many such words stand at the same place of otherwise equal texts, and
none of them is a word of the tasks. A word of the tasks is one that some text has in lower case or as its first word.
This is the idea of finding a log's templates (Vaarandi 2003, "A data clustering algorithm for mining patterns from
event logs": words that vary at one place are parameters), with the case of the letters as further evidence.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from workers.agents.analysis.forms import Form

# Beside the number of a case, two different words are enough, if at least every second text has its own.
FEWEST_BESIDE_NUMBER = 2
# So many different words beside a number or after a word such as "with"; more elsewhere, as German capitalises nouns.
FEWEST_WITH_EVIDENCE = 8
FEWEST_ELSEWHERE = 20
FEWEST_PLACES = 3
LONGEST_NAME = 2
CUE_WORDS = """
with for from by client customer supplier vendor mit für von kunde kundin lieferant firma fa avec pour chez fournisseur
con para por cliente proveedor per di fornitore com fornecedor met voor van klant leverancier
"""
CUES = frozenset(CUE_WORDS.split())

# The words of a form before and after a possible name, and whether the form has the number of a case.
Place = tuple[tuple[str, ...], tuple[str, ...], bool]


@dataclass(slots=True)
class Variety:
    """The different words that stand at one place, and in how many texts; of two words, the first ones apart."""

    names: set[tuple[str, ...]] = field(default_factory=set)
    texts: int = 0

    def are_names(self, place: Place) -> bool:
        """Return True if the words at the place vary as names do: many of them, and each part of a longer name too."""
        before, _after, has_number = place
        number = len(self.names)
        if any(2 * len({name[at] for name in self.names}) < number for at in range(len(next(iter(self.names))))):
            return False
        if has_number and number >= FEWEST_BESIDE_NUMBER and 2 * number >= self.texts:
            return True
        is_likely = has_number or (bool(before) and before[-1] in CUES)
        return number >= (FEWEST_WITH_EVIDENCE if is_likely else FEWEST_ELSEWHERE)


def forms_without_names(forms: Sequence[Form], texts: Sequence[int]) -> list[tuple[str, ...]]:
    """Return the words of each form without the names that are found by comparing all forms.

    `texts` says how many different texts have each form.
    """
    words_of_tasks = {form.words[0] for form in forms if form.words}
    words_of_tasks |= {form.words[place] for form in forms for place in form.lower}
    varieties: defaultdict[Place, Variety] = defaultdict(Variety)
    for form, number in zip(forms, texts, strict=True):
        for start, end in possible_names(form, words_of_tasks):
            variety = varieties[place_of(form, start, end)]
            variety.names.add(form.words[start:end])
            variety.texts += number
    found = {place: variety for place, variety in varieties.items() if variety.are_names(place)}
    names = known_names(found.values())
    return [without_names(form, words_of_tasks, found.keys(), names) for form in forms]


def known_names(varieties: Iterable[Variety]) -> set[str]:
    """Return the words that are names at FEWEST_PLACES or more places: they are names everywhere."""
    counts = Counter(word for variety in varieties for word in {word for name in variety.names for word in name})
    return {word for word, places in counts.items() if places >= FEWEST_PLACES}


def possible_names(form: Form, words_of_tasks: Set[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of up to LONGEST_NAME words that may be a name, the short ones first.

    A form in which nothing else is in lower case yields none, unless it has the number of a case: where every word is
    capitalised, capitals tell nothing.
    """
    if not form.capitals or not (form.lower or form.has_number):
        return
    possible = {place for place in form.capitals if form.words[place] not in words_of_tasks}
    for length in range(1, LONGEST_NAME + 1):
        for start in sorted(possible):
            if possible.issuperset(range(start, start + length)):
                yield start, start + length


def place_of(form: Form, start: int, end: int) -> Place:
    """Return the place that the words from `start` to `end` have in the form."""
    return form.words[:start], form.words[end:], form.has_number


def without_names(form: Form, words_of_tasks: Set[str], places: Set[Place], names: Set[str]) -> tuple[str, ...]:
    """Return the form's words without known names and those at the places of names; one word rather than two."""
    if not form.capitals:
        return form.words
    dropped = {place for place in form.capitals if form.words[place] in names}
    for start, end in possible_names(form, words_of_tasks):
        if place_of(form, start, end) in places and not (dropped and end - start > 1):
            dropped.update(range(start, end))
    return tuple(word for place, word in enumerate(form.words) if place not in dropped)
