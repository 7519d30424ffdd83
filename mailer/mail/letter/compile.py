"""A draft compiled once into one bytes format; a letter filled once per recipient by joining bytes.

The fast path of the product: `fill_all` does per recipient only what differs between recipients.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import repeat
from operator import itemgetter
from typing import Any, Final

from mailer.mail.letter.cleaning import (
    needs_smtputf8,
    one_line,
    written_addresses,
    written_date,
    written_links,
    written_message_ids,
    written_names,
)
from mailer.mail.letter.headers import constant_headers
from mailer.mail.letter.quoted import body_pieces, quoted, quoted_all
from mailer.mail.letter.subject import Subject
from mailer.mail.letter.types import SLOT_NAMES, Addressee, Addressees, Draft, Piece, Slot
from mailer.mail.letter.words import mailbox

# "=_" cannot occur in quoted-printable, so no body can contain the boundary
_BOUNDARY: Final = b"=_alternative"
_MULTIPART: Final = b'Content-Type: multipart/alternative;\r\n boundary="' + _BOUNDARY + b'"\r\n'
_QP: Final = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_UNSUBSCRIBE: Final = b"List-Unsubscribe: <"
_UNSUBSCRIBE_FOLDED: Final = b"List-Unsubscribe:\r\n <"
_ONE_CLICK: Final = b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_LINK_ON_ONE_LINE: Final = 58  # what 78 leaves beside `List-Unsubscribe: <>`
_HEAD: Final = b"To: %b\r\nMessage-ID: %b\r\nDate: %b\r\n%bSubject:%b\r\nMIME-Version: 1.0\r\n"
_HEAD_VALUES: Final = 5
_TYPICAL_VALUES: Final = 600  # bytes that the values of one recipient take

_needs_escape: Final = re.compile("[&<>\"']").search

# a slot in a body, and whether that body is HTML
_Place = tuple[Slot, bool]


class Letter:
    """A compiled draft; threads may share it. `size_hint`: about how many bytes one copy has."""

    __slots__ = ("_dated", "_fields", "_format", "_has_link", "_order", "_smtputf8", "_subject", "size_hint")

    def __init__(self, draft: Draft) -> None:
        """Raise ValueError for unsafe addresses or headers, and for lone surrogates."""
        self._subject = Subject(draft.subject)
        self._has_link = draft.list_unsubscribe
        self._smtputf8 = any(map(needs_smtputf8, (draft.from_address, draft.reply_to or "")))
        body = _body(draft)
        places = [piece for piece in body if not isinstance(piece, bytes)]
        slots = list(dict.fromkeys(slot for slot, _ in places))
        self._fields = [(SLOT_NAMES.index(slot.name), _standing(one_line(slot.fallback))) for slot in slots]
        self._dated = "", b""
        self._order: Callable[[Sequence[bytes]], Any] = itemgetter(
            *range(_HEAD_VALUES),
            *(_HEAD_VALUES + 2 * slots.index(slot) + in_html for slot, in_html in places),
        )
        self._format = (
            _literal(constant_headers(draft))
            + _HEAD
            + b"".join(_literal(piece) if isinstance(piece, bytes) else b"%b" for piece in body)
        )
        self.size_hint: int = len(self._format) + _TYPICAL_VALUES

    def fill(self, to: Addressee, *, date: str) -> bytes:
        """The letter for one recipient; see `fill_all`."""
        return self.fill_all(Addressees(*([value] for value in to)), date=date)[0]

    def fill_all(self, to: Addressees, *, date: str) -> list[bytes]:
        """Whole letters, one for each: CRLF line ends, no dot first on a line; `date` of date_header.

        Column by column, which costs half of letter by letter. Raises ValueError if any address, Message-ID or link
        is unfit for a header, and for lone surrogates.
        """
        names, addresses = written_names(to.names), written_addresses(to.addresses)
        given = names, to.addresses, [*map(one_line, to.unsubscribe_urls)]
        if date != self._dated[0]:
            self._dated = date, written_date(date)
        columns = [
            map(mailbox, names, addresses),
            written_message_ids(to.message_ids),
            repeat(self._dated[1]),
            _unsubscribe(to.unsubscribe_urls) if self._has_link else repeat(b""),
            self._subject.fill(given),
        ]
        for index, standing in self._fields:
            columns += _field(given[index], *standing)
        return [*map(self._format.__mod__, map(self._order, zip(*columns, strict=False)))]

    def needs_smtputf8(self, address: str) -> bool:
        """True if this letter to this address can only go to a server that offers SMTPUTF8."""
        return self._smtputf8 or needs_smtputf8(address)


def compile_letter(draft: Draft) -> Letter:
    """Done once per run; ValueError for unsafe addresses or headers and for lone surrogates."""
    return Letter(draft)


def _standing(value: str) -> tuple[bytes, bytes]:
    """A fallback encoded for the text and for the HTML part."""
    return quoted(value), quoted(escape(value))


def _field(values: Sequence[str], text_standing: bytes, html_standing: bytes) -> tuple[list[bytes], list[bytes]]:
    """A slot's columns in the text and in the HTML part; where a value is empty, what stands for it."""
    text = quoted_all(values)
    html = quoted_all([*map(escape, values)]) if _needs_escape("".join(values)) else text
    if all(values):
        return text, html
    return [one or text_standing for one in text], [one or html_standing for one in html]


def _unsubscribe(urls: Sequence[str]) -> list[bytes]:
    """List-Unsubscribe and its one-click companion (RFC 8058)."""
    return [
        (_UNSUBSCRIBE if len(link) <= _LINK_ON_ONE_LINE else _UNSUBSCRIBE_FOLDED) + link + _ONE_CLICK
        for link in written_links(urls)
    ]


def _literal(constant: bytes) -> bytes:
    """Constant bytes for the format."""
    return constant.replace(b"%", b"%%")


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
