"""Find the encoding of a text: UTF-8 and UTF-16 by their form, the old ones by the letters of the languages."""

import codecs
import itertools
import re
from collections import Counter
from collections.abc import Iterable

# How many bytes of a text decide about its encoding.
SAMPLE_BYTES = 1 << 16
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The letters outside ASCII that each language writes, and the code pages in which its office software saved them.
# At equal fit the first one counts: Windows-1252 stands before its neighbours.
WESTERN, CENTRAL = ("cp1252", "mac_roman", "cp850"), ("cp1250", "iso8859_2", "cp852")
LANGUAGES: tuple[tuple[tuple[str, ...], str], ...] = (
    (WESTERN, "äöüß"),
    (WESTERN, "éèêëàâçîïôùûüÿœæ"),
    (WESTERN, "áéíóúñü¿¡ºª"),
    (WESTERN, "àèéìíîòóùú"),
    (WESTERN, "áâãàçéêíóôõúüºª"),
    (WESTERN, "ëéïöüèêáóíç"),
    (WESTERN, "åäöé"),
    (WESTERN, "æøåéö"),
    (WESTERN, "áðéíóúýþæö"),
    (WESTERN, "àçèéíïòóúü·"),
    (CENTRAL, "ąćęłńóśźż"),
    (CENTRAL, "áčďéěíňóřšťúůýž"),
    (CENTRAL, "áäčďéíľňóôšťúýž"),
    (CENTRAL, "áéíóöőúüű"),
    (CENTRAL, "čćđšž"),
    (CENTRAL, "ăâîșțşţ"),
    (("cp1254",), "çğıöşüâî"),
    (("cp1251", "koi8_r", "cp866"), "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"),
    (("cp1251",), "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’"),
    (("cp1253",), "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),
    (("cp1257",), "āčēģīķļņšūžąęėįųõäöü"),
    (("cp1255",), "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
)
# Signs that office software puts into a text of any language.
SIGNS = set("’‘“”„«»–—…€°§·•²³½¼¾©®±×\xa0")
FITS, NEARLY_FITS = 0.9, 0.6
WINDOWS = "cp125"
# Fewer bytes of several-byte letters than this may be anything.
FEWEST_CERTAIN_BYTES = 24
ASIAN = ["shift_jis", "gb18030", "euc_kr", "big5", "euc_jp"]
WORDS = re.compile(r"[^\W\d_]+")
ASCII_LETTER = re.compile("[a-zA-Z]")
# Each language that writes Latin letters has one of these.
LATIN = set("äéíàëåæáóčćąçăā")


def repair_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that are not valid UTF-8 as Windows-1252, as an error handler of `bytes.decode`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("interlock.cp1252", repair_as_cp1252)


def utf_16_without_mark(sample: bytes) -> str | None:
    """Return the UTF-16 of a text without a byte order mark: line ends and tabs have a NUL byte beside them."""
    marks = b"\n\r\t,; 0123456789"
    low = sum(a in marks and b == 0 for a, b in zip(sample[::2], sample[1::2], strict=False))
    high = sum(a == 0 and b in marks for a, b in zip(sample[::2], sample[1::2], strict=False))
    if max(low, high) == 0 or min(low, high) * 10 > max(low, high):
        return None
    encoding = "utf-16-le" if low > high else "utf-16-be"
    text = sample[: len(sample) // 2 * 2].decode(encoding, "replace")
    return encoding if "\0" not in text and text.count("\ufffd") * 100 <= len(text) else None


def is_mostly_utf8(sample: bytes) -> bool:
    """Return True if the sample is UTF-8 but for a few bytes: letters of several bytes are no accident."""
    text = sample.decode("utf-8", "surrogateescape")
    foreign = sum("\udc80" <= sign <= "\udcff" for sign in text)
    beyond = sum(sign > "\x7f" for sign in text) - foreign
    return beyond > foreign


def likeliest_encoding(sample: bytes) -> tuple[str, bool] | None:
    """Return the old encoding that fits the sample best and whether it is certain; None if none fits."""
    scores = sorted(((fit(sample, code, set(letters)), -rank), code) for rank, code, letters in candidates())
    (best, _), encoding = scores[-1]
    windows = [(score, code) for (score, _), code in scores if code.startswith(WINDOWS)]
    if not encoding.startswith(WINDOWS) and windows[-1][0] >= NEARLY_FITS:
        # The code pages of other systems are too rare to be taken for a few odd letters.
        return windows[-1][1], False
    if best >= FITS:
        near = {code for (score, _), code in scores if score >= best - 0.02}
        rivals = {code for code in near if code.startswith(WINDOWS) and differs(sample, code, encoding)}
        return encoding, not rivals
    import charset_normalizer  # few files need it, and it takes a child some hundredths of a second

    found = charset_normalizer.from_bytes(sample, cp_isolation=ASIAN).best()
    if found is not None:
        return found.encoding, sum(byte > 127 for byte in sample) >= FEWEST_CERTAIN_BYTES
    return (encoding, False) if best > 0 else None


def candidates() -> Iterable[tuple[int, str, str]]:
    """Yield (rank, encoding, letters) of every language in each of its encodings; a lower rank is more common."""
    for rank, (codes, letters) in enumerate(LANGUAGES):
        for place, code in enumerate(codes):
            yield rank + place * len(LANGUAGES), code, letters


def fit(sample: bytes, encoding: str, letters: set[str]) -> float:
    """Return how well the sample, read in the encoding, fits the language's letters: 1 is perfectly.

    Only signs outside ASCII count. A sign inside a word, a capital after a small letter, and two scripts in a word
    speak against.
    """
    text = sample.decode(encoding, "replace")
    beyond = Counter(sign for sign in text if sign > "\x7f")
    total = sum(beyond.values())
    if not total:
        return 0.0
    good = sum(n for sign, n in beyond.items() if sign.lower() in letters)
    neutral = sum(n for sign, n in beyond.items() if sign in SIGNS and sign not in letters)
    is_latin = bool(letters & LATIN)
    words = [word for word in WORDS.findall(text) if not word.isascii()]
    odd = sum(is_oddly_cased(word) or (not is_latin and bool(ASCII_LETTER.search(word))) for word in words)
    inside = len(re.findall(r"[a-zA-Z](?:(?![\w’‘])[^\x00-\x7f])[a-zA-Z]", text))
    return (good + neutral - odd - 2 * inside) / total


def is_oddly_cased(word: str) -> bool:
    """Return True if a small letter is followed by a capital outside ASCII: `Bﾃｼro` was read in a wrong encoding."""
    return any(a.islower() and b.isupper() and b > "\x7f" for a, b in itertools.pairwise(word))


def differs(sample: bytes, one: str, other: str) -> bool:
    """Return True if the two encodings read the sample differently."""
    return one != other and sample.decode(one, "replace") != sample.decode(other, "replace")
