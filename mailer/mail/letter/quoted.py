"""Quoted-printable (RFC 2045 §6.7) for bodies: no line over 76, no dot first on a line, nothing lost.

A slot stands between soft breaks, so what surrounds it never depends on its length.
"""

import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Final

from mailer.mail.letter.pieces import joined
from mailer.mail.letter.types import Piece, Slot

_ROOM: Final = 75  # one less than the limit: a soft break may still follow
_SHORT: Final = 73  # and two less again: a dot in front may still become =2E
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SOFT_BREAK: Final = b"=\r\n"


def quoted(value: str) -> bytes:
    """One line of text that starts at the left edge; trailing blanks are kept; no line end after it."""
    return quoted_columns([value.encode()])[0]


def quoted_columns(values: Sequence[bytes]) -> list[bytes]:
    """A column of them, of lines in UTF-8."""
    return _at_the_edge([*map(binascii.b2a_qp, values)])


def quoted_atoms(values: Sequence[bytes]) -> list[bytes]:
    """A column of values without blanks and control characters: nearly all stand for themselves."""
    together = b"".join(values)
    is_plain = together.isascii() and b"=" not in together
    return _at_the_edge(values if is_plain else [*map(binascii.b2a_qp, values)])


def _at_the_edge(flats: Sequence[bytes]) -> list[bytes]:
    if max(map(len, flats), default=0) <= _SHORT and b"\n." not in b"\n".join((b"", *flats)):
        return [*flats]
    return [flat if len(flat) <= _SHORT and flat[:1] != b"." else _folded(flat) for flat in flats]


def _folded(flat: bytes) -> bytes:
    """Soft breaks put into an encoded line, never inside an `=XX`; a dot in front encoded too."""
    flat = flat.replace(b"=\n", b"")
    lines = []
    start = 0
    while start < len(flat):
        dot = flat.startswith(b".", start)
        end = start + (_SHORT if dot else _ROOM)
        if end < len(flat) and (cut := flat.find(b"=", end - 2, end)) >= 0:
            end = cut
        lines.append(b"=2E" + flat[start + 1 : end] if dot else flat[start:end])
        start = end
    return _SOFT_BREAK.join(lines)


def body_pieces(pieces: Iterable[Piece]) -> list[bytes | Slot]:
    """A whole body: literals encoded, slots between soft breaks, CRLF at its end (after a slot always), NUL gone."""
    laid: list[bytes | Slot] = []
    at_edge = True
    for piece in joined(pieces):
        if isinstance(piece, Slot):
            laid.extend([piece] if at_edge else [_SOFT_BREAK, piece])
            at_edge = False
        elif text := _LINE_END.sub("\r\n", piece.replace("\0", "")):
            laid.append(_literal(text, after_slot=not at_edge))
            at_edge = text.endswith("\n")
    if not at_edge or not laid:
        laid.append(b"\r\n")
    return laid


def _literal(text: str, *, after_slot: bool) -> bytes:
    """Lines of constant text; a soft break parts it from a slot before it on the same line."""
    lead = _SOFT_BREAK if after_slot and not text.startswith("\r\n") else b""
    return lead + b"\r\n".join(quoted_columns(text.encode().split(b"\r\n")))
