"""The nouns a letter is made of: what the owner wrote (Draft) and whom one copy is for (Addressee).

Plain values without behaviour; nothing here knows how a letter looks on the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SLOT_NAMES = ("name", "email", "unsubscribe_url")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that each recipient fills differently; `fallback` stands in for an empty or blank value."""

    name: str
    fallback: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a name that no Addressee can fill."""
        if self.name not in SLOT_NAMES:
            raise ValueError(f"unknown slot: {self.name!r}")


Piece = str | Slot


@dataclass(frozen=True, slots=True)
class Draft:
    """What a run sends to everybody. Line ends of any kind; HTML literals are markup and not escaped."""

    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    html: tuple[Piece, ...] | None
    from_name: str
    from_address: str
    reply_to: str | None
    headers: tuple[tuple[str, str], ...] = ()
    list_unsubscribe: bool = True


class Addressee(NamedTuple):
    """One recipient: a bare address (domain as A-label), a name or none, `<id@domain>`, an ASCII URL."""

    address: str
    name: str
    message_id: str
    unsubscribe_url: str


class Addressees(NamedTuple):
    """Several recipients of one letter: a column for each field of Addressee, all of the same length.

    Ids and URLs as the bytes that they are written as: whoever makes them need not turn them into text.
    """

    addresses: Sequence[str]
    names: Sequence[str]
    message_ids: Sequence[bytes]
    unsubscribe_urls: Sequence[bytes]
