"""A draft compiled once into one bytes format; a letter filled once per recipient by joining bytes.

The fast path of the product: `fill` does per recipient only what differs between recipients.
"""

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
from mailer.mail.letter.types import SLOT_NAMES, Addressee, Draft, Slot
from mailer.mail.letter.words import mailbox

# "=_" cannot occur in quoted-printable, so no body can contain the boundary
_BOUNDARY: Final = b"=_alternative"
_QP: Final = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
_HEAD_VALUES: Final = 5
_TYPICAL_VALUES: Final = 600  # bytes that the values of one recipient take, for size_hint

_Encode = Callable[[str], bytes]
_Field = tuple[_Encode, int, bytes]


class Letter:
    """A compiled draft. Holds no recipient, may be shared by threads."""

    __slots__ = ("_fields", "_format", "_has_link", "_order", "_smtputf8", "_subject", "size_hint")

    def __init__(self, draft: Draft) -> None:
        """Raise ValueError for addresses or headers with line ends, and for lone surrogates."""
        self._subject = Subject(draft.subject)
        self._has_link = draft.list_unsubscribe
        self._smtputf8 = any(map(needs_smtputf8, (draft.from_address, draft.reply_to or "")))
        pieces = [constant_headers(draft), *_body(draft)]
        fields = dict.fromkeys(piece for piece in pieces if not isinstance(piece, bytes))
        places = {field: _HEAD_VALUES + n for n, field in enumerate(fields)}
        self._fields = tuple(fields)
        self._order: Callable[[Sequence[bytes]], Any] = itemgetter(
            *range(_HEAD_VALUES), *(places[piece] for piece in pieces if not isinstance(piece, bytes))
        )
        self._format = b"To: %b\r\nMessage-ID: %b\r\nDate: %b\r\n%bSubject:%b\r\n" + b"".join(
            piece.replace(b"%", b"%%") if isinstance(piece, bytes) else b"%b" for piece in pieces
        )
        self.size_hint: int = len(self._format) + _TYPICAL_VALUES

    def fill(self, to: Addressee, *, date: str) -> bytes:
        """The whole letter for one recipient: CRLF line ends, no dot first on a line; `date` of date_header.

        Raises ValueError for an address, Message-ID or link unfit for a header, and for lone surrogates.
        """
        address, name, message_id, url = to
        name = one_line(name)
        if name.isspace():
            name = ""
        given = (name, address, one_line(url))
        return self._format % self._order([  # type: ignore[no-any-return]
            mailbox(name, written_address(address)),
            written_message_id(message_id),
            written_date(date),
            _unsubscribe(url) if self._has_link else b"",
            self._subject.fill(given),
            *[encode(given[index]) if given[index] else standing for encode, index, standing in self._fields],
        ])  # fmt: skip

    def needs_smtputf8(self, address: str) -> bool:
        """True if this letter to this address can only go to a server that offers SMTPUTF8."""
        return self._smtputf8 or needs_smtputf8(address)


def compile_letter(draft: Draft) -> Letter:
    """Done once per run; ValueError for unsafe addresses or headers and for lone surrogates."""
    return Letter(draft)


def _quoted_html(value: str) -> bytes:
    return quoted(escape(value))


def _unsubscribe(url: str) -> bytes:
    """List-Unsubscribe and its one-click companion (RFC 8058)."""
    link = written_link(url)
    lead = b"List-Unsubscribe: <" if len(link) <= 58 else b"List-Unsubscribe:\r\n <"
    return lead + link + b">\r\n" + _ONE_CLICK


def _body(draft: Draft) -> Iterable[bytes | _Field]:
    """From MIME-Version to the last byte."""
    text = _fields(body_pieces(draft.text), quoted)
    if draft.html is None:
        return [b"MIME-Version: 1.0\r\n" + _QP % b"plain", *text]
    html = _fields(body_pieces(draft.html), _quoted_html)
    opening = b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n"
    opening += b' boundary="' + _BOUNDARY + b'"\r\n\r\n--' + _BOUNDARY + b"\r\n"
    between = b"\r\n--" + _BOUNDARY + b"\r\n"
    return [
        opening + _QP % b"plain",
        *text,
        between + _QP % b"html",
        *html,
        b"\r\n--" + _BOUNDARY + b"--\r\n",
    ]


def _fields(pieces: Iterable[bytes | Slot], encode: _Encode) -> list[bytes | _Field]:
    """Each slot as how to encode it, which value to take, and the bytes that stand for an empty one."""
    return [
        piece
        if isinstance(piece, bytes)
        else (
            encode,
            SLOT_NAMES.index(piece.name),
            encode(one_line(piece.fallback)) if piece.fallback else b"",
        )
        for piece in pieces
    ]
