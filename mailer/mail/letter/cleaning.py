"""What may stand in a letter at all: control characters go, dangerous addresses are refused.

Everything that comes from a person or a database passes here before it reaches a header or a slot.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

_LINE_ENDS: Final = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_CONTROLS: Final[dict[int, str | None]] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
_DROPPED: Final = _CONTROLS | _LINE_ENDS
# dot-atoms and UTF-8 only: a quoted local part would need escaping in every header it is put into,
# and careless readers decode an encoded word even inside an address
_SPECIALS: Final = r"\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\u2028\u2029"
# a whole column, one to a line: none may hold a line end
_ADDRESSES: Final = re.compile(f"(?:[^{_SPECIALS}]+@[^{_SPECIALS}]+\n)*")
_URL_CHARACTERS: Final = bytes(set(range(0x21, 0x7F)) - set(b"<>"))
_ATOMS: Final = bytes(set(range(0x21, 0x7F)) - set(b'"(),:;<>@[\\]'))
_LONGEST_ADDRESS: Final = 320
_LONGEST_MESSAGE_ID: Final = 252
_LONGEST_LINK: Final = 900


def one_line(value: str) -> str:
    """Line ends and tabs as spaces, other control characters gone; what is left cannot end a header."""
    return value if value.isprintable() else value.replace("\r\n", "\n").translate(_DROPPED)


def is_writable(address: str) -> bool:
    """True if this bare address can stand in a header as it is (RFC 5321 lengths, RFC 6532 characters)."""
    try:
        written_addresses([address])
    except ValueError:
        return False
    return True


def written_address(address: str) -> bytes:
    """The address for a header; ValueError if it holds line ends, blanks or header syntax."""
    if not is_writable(address):
        raise ValueError(f"not an address for a header: {address!r}")
    return address.encode()


def written_addresses(addresses: Sequence[str]) -> list[bytes]:
    """A column of them; ValueError if any is not one. `=?` is looked for in all at once: no two share a line."""
    lines = _lines(addresses)
    is_long = max(map(len, addresses), default=0) > _LONGEST_ADDRESS
    if is_long or "=?" in lines or not (_are_plain_addresses(lines) or _ADDRESSES.fullmatch(lines)):
        raise ValueError("not an address for a header among these")
    return lines.encode().splitlines()


def _are_plain_addresses(lines: str) -> bool:
    """Most are of ASCII and nothing but atoms: what is left of them tells, five times as fast as the pattern."""
    if not lines.isascii():
        return False
    raw = lines.encode()
    is_whole = b"\n@" not in raw and b"@\n" not in raw and raw[:1] != b"@"
    return is_whole and raw.translate(None, _ATOMS) == b"@\n" * lines.count("\n")


def check_message_ids(message_ids: Sequence[bytes]) -> None:
    """Raise ValueError unless each is `<id@domain>`, as a header has it. What is left of them tells all at once."""
    if not message_ids:
        return
    lines = b"\n".join(message_ids)
    left = lines.translate(None, _URL_CHARACTERS)
    is_framed = lines[:1] == b"<" and lines[-1:] == b">" and lines.count(b">\n<") == len(message_ids) - 1
    is_fit = left == b"<>\n" * (len(message_ids) - 1) + b"<>" and b"<>" not in lines
    if not (is_framed and is_fit) or max(map(len, message_ids)) > _LONGEST_MESSAGE_ID:
        raise ValueError("not a message id among these")


def check_links(urls: Sequence[bytes]) -> None:
    """Raise ValueError unless each has 1 to 900 of ASCII, as a header has them: never encoded (RFC 8058 §3.1)."""
    left = b"\n".join(urls).translate(None, _URL_CHARACTERS)
    is_fit = left == b"\n" * (len(urls) - 1) and all(urls)
    if urls and not (is_fit and max(map(len, urls)) <= _LONGEST_LINK):
        raise ValueError("not a link for a header among these")


def written_names(names: Sequence[str]) -> Sequence[str]:
    """Names without control characters; blank ones empty."""
    if "".join(names).isprintable() and not any(map(str.isspace, names)):
        return names
    cleaned = map(one_line, names)
    return ["" if name.isspace() else name for name in cleaned]


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


def _lines(values: Sequence[str]) -> str:
    """One to a line; ValueError for a value that would take more than one."""
    lines = "\n".join([*values, ""])
    if lines.count("\n") != len(values):
        raise ValueError("not an address or a value for a header: it has a line end")
    return lines
