"""A draft compiled once into a layout of bytes; a letter filled once per recipient by joining bytes.

The fast path of the product: `lay` does per recipient only what differs between recipients.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import repeat
from typing import Final, NamedTuple

from mailer.mail.letter.cleaning import (
    check_links,
    check_message_ids,
    one_line,
    written_addresses,
    written_date,
    written_names,
)
from mailer.mail.letter.columns import Column, Laid, filled, mailboxes
from mailer.mail.letter.headers import constant_headers
from mailer.mail.letter.quoted import body_pieces, quoted
from mailer.mail.letter.subject import Subject
from mailer.mail.letter.types import SLOT_NAMES, Addressee, Addressees, Draft, Piece, Slot

# "=_" cannot occur in quoted-printable, so no body can contain the boundary
_BOUNDARY: Final = b"=_alternative"
_MULTIPART: Final = b'Content-Type: multipart/alternative;\r\n boundary="' + _BOUNDARY + b'"\r\n'
_QP: Final = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_UNSUBSCRIBE: Final = b"List-Unsubscribe: <"
_UNSUBSCRIBE_FOLDED: Final = b"List-Unsubscribe:\r\n <"
_ONE_CLICK: Final = b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_LINK_ON_ONE_LINE: Final = 58  # what 78 leaves beside `List-Unsubscribe: <>`
_BELOW: Final = b"\r\nMIME-Version: 1.0\r\n"
_HEAD_PIECES: Final = 13

# a slot in a body, and whether that body is HTML
_Place = tuple[Slot, bool]


class Copies(NamedTuple):
    """Letters in pieces, to be joined once, with what is said behind them. None has more octets than `size`."""

    letters: list[tuple[bytes, ...]]
    size: int


class Letter:
    """A compiled draft; threads may share it. `pieces`: as many as one copy has at most.

    `needs_smtputf8`: whoever it is for, only a server that offers SMTPUTF8 (RFC 6531) can take it.
    """

    __slots__ = ("_body", "_dated", "_fields", "_has_link", "_subject", "_top", "needs_smtputf8", "pieces")

    def __init__(self, draft: Draft) -> None:
        """Raise ValueError for unsafe addresses or headers, and for lone surrogates."""
        self._top = constant_headers(draft) + b"To: "
        self._subject = Subject(draft.subject)
        self._has_link = draft.list_unsubscribe
        self.needs_smtputf8 = not f"{draft.from_address}{draft.reply_to}".isascii()
        body = _body(draft)
        places = [piece for piece in body if not isinstance(piece, bytes)]
        slots = list(dict.fromkeys(slot for slot, _ in places))
        self._fields = [(SLOT_NAMES.index(slot.name), _standing(one_line(slot.fallback))) for slot in slots]
        # constants, and the numbers of the columns between them
        self._body = [one if isinstance(one, bytes) else 2 * slots.index(one[0]) + one[1] for one in body]
        self._dated = "", b""
        self.pieces: int = _HEAD_PIECES + self._subject.pieces + len(body)

    def fill(self, to: Addressee, *, date: str) -> bytes:
        """The letter for one recipient; see `lay`."""
        message_id, url = to.message_id.encode(), to.unsubscribe_url.encode()
        return b"".join(self.lay(Addressees([to.address], [to.name], [message_id], [url]), date=date).letters[0])

    def lay(self, to: Addressees, *, date: str, is_vouched: bool = False) -> Copies:
        """Whole letters, one for each: CRLF line ends, no dot first on a line; `date` of date_header.

        Column by column, which costs half of letter by letter. Raises ValueError if any address, Message-ID or link
        is unfit for a header, and for lone surrogates; Message-IDs and links are not looked at where the caller has
        `is_vouched` for them.
        """
        addresses, links = written_addresses(to.addresses), to.unsubscribe_urls
        if not is_vouched:
            check_message_ids(to.message_ids)
            check_links(links if self._has_link else ())
        urls = Column(atoms=links) if self._has_link else Column([one_line(url.decode()) for url in links])
        given = Column(written_names(to.names)), Column(atoms=addresses), urls
        if date != self._dated[0]:
            self._dated = date, b"\r\nDate: " + written_date(date) + b"\r\n"
        fields = [column for index, standing in self._fields for column in _field(given[index], *standing)]
        laid = _merged(
            [
                self._top,
                *mailboxes(given[0], addresses),
                b"\r\nMessage-ID: ",
                to.message_ids,
                self._dated[1],
                *(_unsubscribe(links) if self._has_link else ()),
                b"Subject:",
                *self._subject.lay(given),
                _BELOW,
                *(fields[piece] if isinstance(piece, int) else piece for piece in self._body),
            ]
        )
        letters = zip(*(repeat(one) if isinstance(one, bytes) else one for one in laid), strict=False)
        return Copies([*letters], _most(laid))


def compile_letter(draft: Draft) -> Letter:
    """Done once per run; ValueError for unsafe addresses or headers and for lone surrogates."""
    return Letter(draft)


def _standing(value: str) -> tuple[bytes, bytes]:
    """A fallback encoded for the text and for the HTML part."""
    return quoted(value), quoted(escape(value))


def _field(given: Column, text_standing: bytes, html_standing: bytes) -> tuple[list[bytes], list[bytes]]:
    """A slot's columns in the text and in the HTML part; where a value is empty, what stands for it."""
    return filled(given.text, text_standing), filled(given.html, html_standing)


def _unsubscribe(links: Sequence[bytes]) -> Laid:
    """List-Unsubscribe and its one-click companion (RFC 8058)."""
    if max(map(len, links), default=0) <= _LINK_ON_ONE_LINE:
        return [_UNSUBSCRIBE, links, _ONE_CLICK]
    return [
        [_UNSUBSCRIBE if len(link) <= _LINK_ON_ONE_LINE else _UNSUBSCRIBE_FOLDED for link in links],
        links,
        _ONE_CLICK,
    ]


def _most(laid: Laid) -> int:
    """Octets that no letter has more of: each column's longest, and most columns stand there twice."""
    columns = {id(one): one for one in laid if not isinstance(one, bytes)}
    longest = {key: max(map(len, column), default=0) for key, column in columns.items()}
    return sum(len(one) if isinstance(one, bytes) else longest[id(one)] for one in laid)


def _merged(laid: Laid) -> Laid:
    """Neighbouring constants as one: each piece costs every letter a little."""
    merged: Laid = []
    for one in laid:
        if merged and isinstance(one, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += one
        else:
            merged.append(one)
    return merged


def _body(draft: Draft) -> list[bytes | _Place]:
    """From the first Content-Type to the last byte."""
    text = [_QP % b"plain", *_placed(draft.text, in_html=False)]
    if draft.html is None:
        return text
    html = [_QP % b"html", *_placed(draft.html, in_html=True)]
    part = b"--" + _BOUNDARY
    return [
        _MULTIPART + b"\r\n" + part + b"\r\n",
        *text,
        b"\r\n" + part + b"\r\n",
        *html,
        b"\r\n" + part + b"--\r\n",
    ]


def _placed(pieces: Sequence[Piece], *, in_html: bool) -> Iterable[bytes | _Place]:
    """A body part with each slot marked by the kind of the part it stands in."""
    return [piece if isinstance(piece, bytes) else (piece, in_html) for piece in body_pieces(pieces)]
