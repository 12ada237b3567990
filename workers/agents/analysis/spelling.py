"""Join words that are one word in different spellings or inflections: `expense`, `expenses` and `expnse`.

Only words that share a cheap key are compared, so that the time grows with the number of words and not with its
square. The keys are the word's beginning with at most one letter left out: two words with one error in the beginning
have a key in common (symmetric deletion: Garbe 2012; the idea of the deletion neighbourhood: Mor and Fraenkel 1982).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz

# From 0 to 100, found with real task lists: a lower one joins different words, a higher one parts misspelt ones.
SAME_WORD_SCORE = 80
PREFIX = 6
SHORT_PREFIX = 4
# A longer ending of a short word, as in "bank" and "banken", is found by the first four letters.
LONGEST_SHORT_WORD = 7
# Leaders of one key that a word is compared with, the most frequent first: it bounds the time on hostile texts.
MOST_IN_BLOCK = 100
# Two words that both occur in so many different texts are different words, unless one is an inflection of the other.
FEWEST_OF_A_WORD = 3
MISSPELT_AT_MOST = 0.1
LONGEST_ENDING = 3


def leaders_of_words(counts: Mapping[str, int]) -> dict[str, str]:
    """Return for each word the most frequent word that it is a spelling of, often itself; `counts` are of texts."""
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    leaders: dict[str, str] = {}
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        keys = keys_of(word)
        near = {other: None for key in keys for other in blocks.get(key, ())[:MOST_IN_BLOCK]}
        leaders[word] = leader = best_leader(word, near, counts) or word
        if leader == word:
            for key in keys:
                blocks[key].append(word)
    return leaders


def keys_of(word: str) -> set[str]:
    """Return the keys of a word; two words can be joined only if they have a key and the first letter in common."""
    prefix = word[:PREFIX]
    keys = {prefix} | {prefix[:at] + prefix[at + 1 :] for at in range(1, len(prefix))}
    return keys | ({word[:SHORT_PREFIX]} if len(word) <= LONGEST_SHORT_WORD else set())


def best_leader(word: str, near: Iterable[str], counts: Mapping[str, int]) -> str | None:
    """Return the most similar of the words that `word` is a spelling of; of equally similar ones the first."""
    best, best_score = None, float(SAME_WORD_SCORE)
    for leader in near:
        score = fuzz.ratio(word, leader, score_cutoff=best_score)
        is_better = score > best_score or (best is None and score == best_score)
        if is_better and leader[0] == word[0] and is_spelling(word, leader, counts):
            best, best_score = leader, score
    return best


def is_spelling(word: str, leader: str, counts: Mapping[str, int]) -> bool:
    """Return True if the word is an inflection of the leader, or so rare beside it that it may be a misspelling."""
    if counts[word] < FEWEST_OF_A_WORD or counts[word] <= MISSPELT_AT_MOST * counts[leader]:
        return True
    short, long = sorted((word, leader), key=len)
    return long.startswith(short) and len(long) - len(short) <= LONGEST_ENDING
