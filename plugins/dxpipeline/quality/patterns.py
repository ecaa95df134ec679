r"""Regular expressions that mean the same to polars, to pandas and to Python.

Three engines read the same pattern: Rust's regex (polars, which decides), RE2 (pandas on Arrow text, which
Great Expectations uses) and Python's re (people, and pandas where RE2 refuses). Outside a common core they
differ silently: `\d` is ASCII to RE2 and the digits of every script to the others, `[a[b]]` is a nested set
to Rust only, `{,3}` is literal text to RE2. Only the common core is allowed, and `$`, which to Python and
pandas also stands before a newline at the end, is written so for Rust.
"""

from __future__ import annotations

import re
import warnings

_MOST_REPEATS = 1000
"""RE2 refuses larger counts."""

_END = r"(?:\n?\z)"

_ESCAPABLE = set(r"\.^$*+?{}[]|()-/")


class UnportablePattern(ValueError):
    """A pattern that the engines may read differently; the message says where."""


def for_polars(pattern: object) -> str:
    """Return a pattern for polars that finds what Python and pandas find with the one given.

    Args:
        pattern: The pattern of a suite; anything but a text is refused.

    Raises:
        UnportablePattern: It is no regular expression, or leaves the common core.
    """
    if not isinstance(pattern, str) or not pattern:
        raise UnportablePattern("it is not a text")
    try:
        with warnings.catch_warnings():
            # It warns of what is refused below.
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        raise UnportablePattern(f"it is no regular expression ({error})") from error
    written: list[str] = []
    position = depth = 0
    while position < len(pattern):
        character = pattern[position]
        rest = pattern[position:]
        if character == "\\":
            taken = _escape(rest)
        elif character == "[":
            taken = _set(rest)
        elif character == "$":
            if depth or rest[1:2] not in ("", "|"):
                raise UnportablePattern("$ must stand at the end of the pattern or of an outer alternative")
            written.append(_END)
            position += 1
            continue
        else:
            _check_repeats(rest)
            depth += {"(": 1, ")": -1}.get(character, 0)
            taken = character
        written.append(taken)
        position += len(taken)
    return "".join(written)


def _escape(rest: str) -> str:
    if rest[1:2] not in _ESCAPABLE:
        raise UnportablePattern(f"\\{rest[1:2]} differs between engines; write the characters out, as [0-9]")
    return rest[:2]


def _set(rest: str) -> str:
    """Return the set in brackets that begins here."""
    position = 2 if rest.startswith("[^") else 1
    if rest[position] == "]":
        raise UnportablePattern("] at the beginning of a set must be written \\]")
    while rest[position] != "]":
        character = rest[position]
        if character == "[":
            raise UnportablePattern("[ inside a set must be written \\[")
        if character in "&~-|" and rest[position + 1] == character:
            raise UnportablePattern(f"{character * 2} inside a set must be written with backslashes")
        position += len(_escape(rest[position:])) if character == "\\" else 1
    return rest[: position + 1]


def _check_repeats(rest: str) -> None:
    if rest.startswith("(?") and not rest.startswith("(?:"):
        raise UnportablePattern("of the groups with (? only (?:…) is common to all engines")
    if rest[0] == "{":
        counts = re.match(r"\{(\d+)(?:,(\d*))?\}", rest, re.ASCII)
        if counts is None:
            raise UnportablePattern("{ must be a count such as {2} or {2,5}, or be written \\{")
        if any(int(count) > _MOST_REPEATS for count in counts.groups() if count):
            raise UnportablePattern(f"counts above {_MOST_REPEATS} are refused by some engines")
    if re.match(r"(?:[*+?]|\{\d+(?:,\d*)?\})\+", rest, re.ASCII):
        raise UnportablePattern("possessive repeats such as *+ are not common to all engines")
