"""Columns: one value of each recipient, encoded once for all the places of the letter that it stands in."""

from collections.abc import Sequence
from functools import cached_property
from html import escape

from mailer.mail.letter.quoted import quoted_atoms, quoted_columns
from mailer.mail.letter.words import BEFORE_ADDRESS, encoded_columns, mailbox


class Column:
    """Values of one line each. What the subject and both parts need of them is made when it is asked for first.

    Or `atoms`: values that hold neither blanks nor control characters, as bytes.
    """

    def __init__(self, values: Sequence[str] = (), *, atoms: Sequence[bytes] | None = None) -> None:
        self._values = values
        self._atoms = atoms

    @cached_property
    def values(self) -> Sequence[str]:
        """As text."""
        return self._values if self._atoms is None else [atom.decode() for atom in self._atoms]

    @cached_property
    def raw(self) -> Sequence[bytes]:
        """In UTF-8; ValueError for lone surrogates."""
        return [*map(str.encode, self._values)] if self._atoms is None else self._atoms

    @cached_property
    def words(self) -> list[bytes]:
        """For headers: encoded words; nothing for an empty value."""
        return encoded_columns(self.raw)

    @cached_property
    def text(self) -> list[bytes]:
        """For the text part."""
        return quoted_columns(self.raw) if self._atoms is None else quoted_atoms(self._atoms)

    @cached_property
    def html(self) -> list[bytes]:
        """For the HTML part."""
        if self._has_markup():
            return quoted_columns([escape(value).encode() for value in self.values])
        return self.text

    def _has_markup(self) -> bool:
        raw = b"".join(self.raw)
        return b"&" in raw or b"<" in raw or b">" in raw or b'"' in raw or b"'" in raw


def mailboxes(names: Column, addresses: Sequence[bytes]) -> list[bytes]:
    """What `mailbox` makes of each name, none of them blank, and its address."""
    if "".join(names.values).isascii():
        return [*map(mailbox, names.values, addresses)]
    return [
        mailbox(name, address) if name.isascii() else words + BEFORE_ADDRESS + address + b">"
        for name, words, address in zip(names.values, names.words, addresses, strict=True)
    ]
