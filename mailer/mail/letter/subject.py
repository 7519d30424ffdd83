"""The subject of a letter: literals encoded once, one recipient's values put between them."""

from collections.abc import Sequence
from itertools import repeat

from mailer.mail.letter.cleaning import one_line
from mailer.mail.letter.columns import Column, Laid, filled
from mailer.mail.letter.pieces import joined
from mailer.mail.letter.types import SLOT_NAMES, Piece, Slot
from mailer.mail.letter.words import FOLD, encoded_words, is_plain

_LITERAL = len(SLOT_NAMES)  # an index one beyond the values


class Subject:
    """What follows `Subject:` for each recipient: plain if all is short ASCII, else encoded words."""

    __slots__ = ("_constant", "_may_be_plain", "_parts", "pieces")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Literals and fallbacks lose their control characters; ValueError for lone surrogates."""
        self._parts = [_part(piece) for piece in joined(pieces)]
        self.pieces = 2 * len(self._parts)
        literals = [text for index, text, _ in self._parts if index == _LITERAL]
        self._may_be_plain = all(text.isascii() for text in literals)
        is_constant = len(literals) == len(self._parts)
        self._constant = self._fill_one([""] * _LITERAL) if is_constant else None

    def lay(self, given: Sequence[Column]) -> Laid:
        """The field's body after the colon for each; a column per SLOT_NAMES, where empty stands for the fallback."""
        if self._constant is not None:
            return [self._constant]
        if self._may_be_plain:
            return [[self._fill_one(values) for values in zip(*(column.values for column in given), strict=True)]]
        parts = [ready if index == _LITERAL else filled(given[index].words, ready) for index, _, ready in self._parts]
        parts = [part for part in parts if part]
        if all(isinstance(part, bytes) or all(part) for part in parts):
            return [b" ", *[piece for part in parts for piece in (FOLD, part)][1:]]
        rows = zip(*(repeat(part) if isinstance(part, bytes) else part for part in parts), strict=False)
        return [[b" " + FOLD.join(filter(None, row)) for row in rows]]

    def _fill_one(self, values: Sequence[str]) -> bytes:
        given = (*values, "")
        text = "".join([given[index] or standing for index, standing, _ in self._parts])
        if is_plain(text):
            return b" " + text.encode()
        words = [encoded_words(given[index]) if given[index] else ready for index, _, ready in self._parts]
        return b" " + FOLD.join(filter(None, words))


def _part(piece: Piece) -> tuple[int, str, bytes]:
    """Which value to take, and the text and the encoded words that stand where it is empty."""
    index = SLOT_NAMES.index(piece.name) if isinstance(piece, Slot) else _LITERAL
    text = one_line(piece.fallback if isinstance(piece, Slot) else piece)
    return index, text, encoded_words(text) if text else b""
