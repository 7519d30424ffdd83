"""Columns: one value of each recipient, encoded once for all the places of the letter that it stands in."""

import re
from collections.abc import Sequence
from functools import cached_property
from html import escape
from typing import Final

from mailer.mail.letter.quoted import quoted_all, quoted_atoms
from mailer.mail.letter.words import BEFORE_ADDRESS, encoded_words, mailbox

_needs_escape: Final = re.compile("[&<>\"']").search


class Column:
    """Values of one line each. What the subject and both parts need of them is made when it is asked for first.

    `atoms`: the same values as bytes, where it is known that they hold neither blanks nor control characters.
    """

    def __init__(self, values: Sequence[str], atoms: Sequence[bytes] | None = None) -> None:
        self.values = values
        self._atoms = atoms

    @cached_property
    def words(self) -> list[bytes]:
        """For headers: encoded words; nothing for an empty value."""
        return [encoded_words(value) if value else b"" for value in self.values]

    @cached_property
    def text(self) -> list[bytes]:
        """For the text part."""
        return quoted_all(self.values) if self._atoms is None else quoted_atoms(self._atoms)

    @cached_property
    def html(self) -> list[bytes]:
        """For the HTML part."""
        if _needs_escape("".join(self.values)):
            return quoted_all([*map(escape, self.values)])
        return self.text


def mailboxes(names: Column, addresses: Sequence[bytes]) -> list[bytes]:
    """What `mailbox` makes of each name, none of them blank, and its address."""
    if "".join(names.values).isascii():
        return [*map(mailbox, names.values, addresses)]
    return [
        mailbox(name, address) if name.isascii() else words + BEFORE_ADDRESS + address + b">"
        for name, words, address in zip(names.values, names.words, addresses, strict=True)
    ]
