"""Order among pieces, shared by subjects and bodies."""

from collections.abc import Iterable

from mailer.mail.letter.types import Piece


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Neighbouring literals as one, empty literals gone: between two slots there is at most one literal."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if isinstance(piece, str) and isinstance(last, str):
            result[-1] = last + piece
        elif piece:
            result.append(piece)
    return result
