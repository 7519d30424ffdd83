"""Columns: one value of each recipient, encoded once for all the places of the letter that it stands in."""

from collections.abc import Sequence
from html import escape

from mailer.mail.letter.quoted import quoted_atoms, quoted_columns
from mailer.mail.letter.words import BEFORE_ADDRESS, encoded_columns, mailbox

# constants, and columns between them
Laid = list[bytes | Sequence[bytes]]
_MARKUP = (b"&", b"<", b">", b'"', b"'")


class Column:
    """Values of one line each. What the subject and both parts need of them is made when it is asked for first.

    Or `atoms`: values that hold neither blanks nor control characters, as bytes.
    """

    # not functools.cached_property: before Python 3.12 its lock costs as much as three letters
    __slots__ = ("_atoms", "_html", "_raw", "_text", "_values", "_words")

    def __init__(self, values: Sequence[str] = (), *, atoms: Sequence[bytes] | None = None) -> None:
        self._values: Sequence[str] | None = values if atoms is None else None
        self._raw = self._atoms = atoms
        self._words: list[bytes] | None = None
        self._text: list[bytes] | None = None
        self._html: list[bytes] | None = None

    @property
    def values(self) -> Sequence[str]:
        """As text."""
        if self._values is None:
            self._values = [atom.decode() for atom in self.raw]
        return self._values

    @property
    def raw(self) -> Sequence[bytes]:
        """In UTF-8; ValueError for lone surrogates."""
        if self._raw is None:
            self._raw = [*map(str.encode, self.values)]
        return self._raw

    @property
    def words(self) -> list[bytes]:
        """For headers: encoded words; nothing for an empty value."""
        if self._words is None:
            self._words = encoded_columns(self.raw)
        return self._words

    @property
    def text(self) -> list[bytes]:
        """For the text part."""
        if self._text is None:
            self._text = quoted_columns(self.raw) if self._atoms is None else quoted_atoms(self._atoms)
        return self._text

    @property
    def html(self) -> list[bytes]:
        """For the HTML part."""
        if self._html is None:
            together = b"".join(self.raw)
            is_markup = any(map(together.__contains__, _MARKUP))
            self._html = quoted_columns([escape(one).encode() for one in self.values]) if is_markup else self.text
        return self._html


def filled(column: list[bytes], standing: bytes) -> list[bytes]:
    """With what stands for the empty ones."""
    return column if all(column) else [one or standing for one in column]


def mailboxes(names: Column, addresses: Sequence[bytes]) -> Laid:
    """What `mailbox` makes of each name and its address; where all names need words, in pieces."""
    if "".join(names.values).isascii():
        return [[*map(mailbox, names.values, addresses)]]
    if not any(map(str.isascii, names.values)):
        return [names.words, BEFORE_ADDRESS, addresses, b">"]
    return [
        [
            mailbox(name, address) if name.isascii() else words + BEFORE_ADDRESS + address + b">"
            for name, words, address in zip(names.values, names.words, addresses, strict=True)
        ]
    ]
