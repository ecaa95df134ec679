"""Vietnamese text as people type it: one spelling to store, one folding to compare.

Sources of the variants: NFC and NFD mixed, no-break and zero-width spaces, tone marks placed the
old or the new way (Hòa/Hoà, Thủy/Thuỷ), Đ that does not decompose.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are no blanks
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]"
)
_BLANKS = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[^0-9a-z]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook, dot below


def clean(value: str) -> str:
    """Return the text as it is stored: NFC, nothing invisible, blanks collapsed and trimmed."""
    # Invisible characters go first: one between a letter and its accent keeps them from being composed.
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", _INVISIBLE.sub("", value))).strip()


def fold_tone(value: str) -> str:
    """Return a key under which the same syllables with tones placed differently are equal.

    Each word keeps its letters and moves its tone marks to the end, in lower case: `Hòa` and `Hoà`
    give one key, `Hóa` another.
    """
    words = []
    for word in clean(value).casefold().split(" "):
        decomposed = unicodedata.normalize("NFD", word)
        letters = "".join(character for character in decomposed if character not in _TONES)
        tones = "".join(character for character in decomposed if character in _TONES)
        words.append(letters + tones)
    return " ".join(words)


def fold(value: str) -> str:
    """Return the plain letters and digits of a text: no accents, case or punctuation, Đ as d.

    For headers, labels and file names, where accents are often lost on the way.
    """
    letters = clean(value).casefold().replace("đ", "d")
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFD", letters)
        letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _PUNCTUATION.sub(" ", letters).strip()


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like a mistyped name, or None where none is near."""
    by_fold = {fold(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(fold(name), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None
