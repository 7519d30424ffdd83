"""`{{ name }}` and `{{ name | friend }}` in subjects and bodies: found, checked, never evaluated.
Text around them stays exactly as it was written, and so does whatever only looks like a placeholder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

KNOWN = ("name", "email", "unsubscribe_url")

_OPEN, _CLOSE = "{{", "}}"
_INSIDE = re.compile(r"\s*(\w+)\s*(?:\|(.*))?", re.DOTALL)
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Stands for a recipient's own value; `fallback` for an empty one, its outer spaces dropped."""

    name: str
    fallback: str = ""


Piece = str | Placeholder


class ProblemKind(StrEnum):
    """What is wrong: no `}}` follows, no single name stands inside, or nobody knows that name."""

    UNCLOSED = "unclosed"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """Where (an offset in the text) and what stands there: the name if it is unknown, else the braces."""

    kind: ProblemKind
    at: int
    found: str


def parse(text: str) -> tuple[Piece, ...]:
    """Literals and placeholders in order, no two literals side by side; an unknown name is parsed like any."""
    pieces: list[Piece] = []
    literal_from = 0
    for start, end, placeholder in _braces(text):
        if placeholder is not None:
            pieces += [text[literal_from:start], placeholder]
            literal_from = end
    pieces.append(text[literal_from:])
    return tuple(piece for piece in pieces if piece != "")


def check(text: str) -> list[Problem]:
    """Everything that would surprise a reader of the letter, in order; a lone `}}` is plain text (CSS has it)."""
    problems = (_problem(text, start, end, placeholder) for start, end, placeholder in _braces(text))
    return [problem for problem in problems if problem is not None]


def unknown(text: str) -> tuple[str, ...]:
    """Names that no letter can fill, each once, in order."""
    return tuple(dict.fromkeys(p.found for p in check(text) if p.kind is ProblemKind.UNKNOWN))


def names(text: str) -> frozenset[str]:
    """Which placeholders the text has: a letter with its own `unsubscribe_url` gets no line added."""
    return frozenset(piece.name for piece in parse(text) if isinstance(piece, Placeholder))


def _braces(text: str) -> Iterator[tuple[int, int, Placeholder | None]]:
    """Each `{{` with where its `}}` ends (-1: nowhere, and that is the last) and what it means, if anything.

    Plain searching, so that a hostile text costs no more than its length.
    """
    start = text.find(_OPEN)
    while start >= 0:
        close = text.find(_CLOSE, start + len(_OPEN))
        if close < 0:
            yield start, -1, None
            return
        inside = _INSIDE.fullmatch(text, start + len(_OPEN), close)
        end = close + len(_CLOSE)
        yield start, end, Placeholder(inside[1], (inside[2] or "").strip()) if inside else None
        start = text.find(_OPEN, end)


def _problem(text: str, start: int, end: int, placeholder: Placeholder | None) -> Problem | None:
    if end < 0:
        return Problem(ProblemKind.UNCLOSED, start, text[start : start + _SHOWN])
    if placeholder is None:
        return Problem(ProblemKind.MALFORMED, start, text[start : min(end, start + _SHOWN)])
    if placeholder.name not in KNOWN:
        return Problem(ProblemKind.UNKNOWN, start, placeholder.name)
    return None
