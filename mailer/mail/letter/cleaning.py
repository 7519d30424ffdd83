"""What may stand in a letter at all: control characters go, dangerous addresses are refused.

Everything that comes from a person or a database passes here before it reaches a header or a slot.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

_LINE_ENDS: Final = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_CONTROLS: Final[dict[int, str | None]] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
_DROPPED: Final = _CONTROLS | _LINE_ENDS
# dot-atoms and UTF-8 only: a quoted local part would need escaping in every header it is put into,
# and careless readers decode an encoded word even inside an address
_SPECIALS: Final = r"\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\u2028\u2029"
_ADDRESS: Final = re.compile(f"(?!.*=\\?)[^{_SPECIALS}]+@[^{_SPECIALS}]+")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
_LINK: Final = re.compile(r"[!-;=?-~]{1,900}")
_LONGEST_ADDRESS: Final = 320


def one_line(value: str) -> str:
    """Line ends and tabs as spaces, other control characters gone; what is left cannot end a header."""
    return value if value.isprintable() else value.replace("\r\n", "\n").translate(_DROPPED)


def is_writable(address: str) -> bool:
    """True if this bare address can stand in a header as it is (RFC 5321 lengths, RFC 6532 characters)."""
    return len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address) is not None


def needs_smtputf8(address: str) -> bool:
    """True if only a server that offers SMTPUTF8 (RFC 6531) can take this address."""
    return not address.isascii()


def written_address(address: str) -> bytes:
    """The address for a header; ValueError if it holds line ends, blanks or header syntax."""
    if len(address) > _LONGEST_ADDRESS or _ADDRESS.fullmatch(address) is None:
        raise ValueError(f"not an address for a header: {address!r}")
    return address.encode()


def written_message_id(message_id: str) -> bytes:
    """`<id@domain>` for a header; ValueError for anything else."""
    if _MESSAGE_ID.fullmatch(message_id) is None:
        raise ValueError(f"not a message id: {message_id!r}")
    return message_id.encode("ascii")


def written_link(url: str) -> bytes:
    """The URL for a header, never encoded (RFC 8058 §3.1); ValueError unless 1 to 900 of ASCII."""
    if _LINK.fullmatch(url) is None:
        raise ValueError(f"not a link for a header: {url!r}")
    return url.encode("ascii")


def written_date(date: str) -> bytes:
    """A date made by `date_header`; ValueError if it could end the header."""
    if not date.isprintable():
        raise ValueError(f"not a date for a header: {date!r}")
    return date.encode("ascii")


def date_header(now: datetime) -> str:
    """RFC 5322 date in UTC, `Sun, 23 Nov 2025 06:00:00 +0000`; ValueError for a naive time."""
    if now.tzinfo is None:
        raise ValueError("a date header needs an aware time")
    return format_datetime(now.astimezone(UTC))
