"""A draft compiled once into one bytes format; a letter filled once per recipient by joining bytes.

The fast path of the product: `fill` does per recipient only what differs between recipients.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from operator import itemgetter
from typing import Any, Final

from mailer.mail.letter.cleaning import (
    needs_smtputf8,
    one_line,
    written_address,
    written_date,
    written_link,
    written_message_id,
)
from mailer.mail.letter.headers import constant_headers
from mailer.mail.letter.quoted import body_pieces, quoted
from mailer.mail.letter.subject import Subject
from mailer.mail.letter.types import SLOT_NAMES, Addressee, Draft, Piece, Slot
from mailer.mail.letter.words import mailbox

# "=_" cannot occur in quoted-printable, so no body can contain the boundary
_BOUNDARY: Final = b"=_alternative"
_MULTIPART: Final = b'Content-Type: multipart/alternative;\r\n boundary="' + _BOUNDARY + b'"\r\n'
_QP: Final = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
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
        """The whole letter for one recipient: CRLF line ends, no dot first on a line; `date` of date_header.

        Raises ValueError for an address, Message-ID or link unfit for a header, and for lone surrogates.
        """
        address, name, message_id, url = to
        if not name.isprintable() or name.isspace():
            name = "" if name.isspace() else one_line(name)
        given = (name, address, url if url.isprintable() else one_line(url))
        if date != self._dated[0]:
            self._dated = date, written_date(date)
        values = [
            mailbox(name, written_address(address)),
            written_message_id(message_id),
            self._dated[1],
            _unsubscribe(url) if self._has_link else b"",
            self._subject.fill(given),
        ]
        for index, standing in self._fields:
            value = given[index]
            if not value:
                values += standing
                continue
            # once for the text and once for the HTML part: most values are the same in both
            text = quoted(value)
            values += text, quoted(escape(value)) if _needs_escape(value) else text
        return self._format % self._order(values)

    def needs_smtputf8(self, address: str) -> bool:
        """True if this letter to this address can only go to a server that offers SMTPUTF8."""
        return self._smtputf8 or needs_smtputf8(address)


def compile_letter(draft: Draft) -> Letter:
    """Done once per run; ValueError for unsafe addresses or headers and for lone surrogates."""
    return Letter(draft)


def _standing(value: str) -> tuple[bytes, bytes]:
    """A fallback encoded for the text and for the HTML part."""
    return quoted(value), quoted(escape(value))


def _unsubscribe(url: str) -> bytes:
    """List-Unsubscribe and its one-click companion (RFC 8058)."""
    link = written_link(url)
    lead = b"List-Unsubscribe: <" if len(link) <= _LINK_ON_ONE_LINE else b"List-Unsubscribe:\r\n <"
    return lead + link + b">\r\n" + _ONE_CLICK


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
