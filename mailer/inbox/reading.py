"""What a mail program makes of the bytes of a letter: subject, text, HTML, headers, files, links. Pure.

A letter may be broken or hostile: whatever cannot be read is shown as it came, and nothing here ever raises.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from html import unescape
from typing import TypeVar

MOST_TEXT = 200_000
MOST_LINKS = 50
MOST_HEADER = 10_000
_HREF = re.compile(r"""\bhref\s*=\s*["']?(https?://[^"'\s<>]+)""", re.IGNORECASE)
_PLAIN = re.compile(r"""https?://[^\s<>"']+[^\s<>"'.,;:!?)\]]""")
Answer = TypeVar("Answer")
_CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, named; it is not served."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One letter as it is read. `html` has its inline pictures inside; `links` are http(s) only."""

    subject: str
    sender: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    files: tuple[File, ...]
    links: tuple[str, ...]


def read(raw: bytes) -> Reading:
    """Read a letter; every part is optional."""
    message, parts = _tried(lambda: _taken_apart(raw)) or _headers_alone(raw)
    bodies = [part for part in parts if not _is_file(part)]
    text, html = (_first(bodies, f"text/{kind}") for kind in ("plain", "html"))
    return Reading(
        subject=" ".join(_decoded(message.get("Subject", "")).split()),
        sender=_decoded(message.get("From", "")),
        text=text,
        html=_with_pictures(html, parts),
        headers=tuple((_shown(name), _decoded(value)) for name, value in message.items()),
        files=tuple(_file(part) for part in parts if _is_file(part)),
        links=tuple(dict.fromkeys(_links(text, html)))[:MOST_LINKS],
    )


def _taken_apart(raw: bytes) -> tuple[Message, list[Message]]:
    message = message_from_bytes(raw)
    return message, [part for part in message.walk() if not part.is_multipart()]


def _headers_alone(raw: bytes) -> tuple[Message, list[Message]]:
    """For parts in parts in parts, deeper than the library can go."""
    return BytesHeaderParser().parsebytes(raw), []


def _first(parts: list[Message], kind: str) -> str:
    return next((_text(part) for part in parts if part.get_content_type() == kind), "")


def _text(part: Message) -> str:
    body = _bytes(part)[:MOST_TEXT]
    charset = _tried(part.get_content_charset) or "utf-8"
    return _shown(_tried(lambda: body.decode(charset, "replace")) or body.decode("utf-8", "replace"))


def _bytes(part: Message) -> bytes:
    payload = _tried(lambda: part.get_payload(decode=True))
    return payload if isinstance(payload, bytes) else b""


def _decoded(value: object) -> str:
    raw = str(value)[:MOST_HEADER]  # the time it takes grows with the square of the length
    return _shown(_tried(lambda: str(make_header(decode_header(raw)))) or raw)


def _shown(text: str) -> str:
    """Without lone surrogates, which no page and no database can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _tried(ask: Callable[[], Answer | None]) -> Answer | None:
    try:
        return ask()
    except Exception:  # over hostile bytes the library's parser may raise anything: LookupError, TypeError …
        return None


def _is_file(part: Message) -> bool:
    is_body = part.get_content_type() in {"text/plain", "text/html"}
    return _tried(part.get_content_disposition) == "attachment" or not is_body


def _file(part: Message) -> File:
    return File(_decoded(_tried(part.get_filename) or "—"), _shown(part.get_content_type()), len(_bytes(part)))


def _with_pictures(html: str, parts: list[Message]) -> str:
    """Pictures that the letter brings along stand in it; all others stay unfetched."""
    pictures = {
        str(part["Content-ID"]).strip().strip("<>"): part
        for part in parts
        if part["Content-ID"] and part.get_content_maintype() == "image"
    }
    return _CID.sub(lambda found: _data_url(pictures.get(found[1])) or found[0], html)


def _data_url(part: Message | None) -> str:
    if part is None:
        return ""
    return f"data:{part.get_content_type()};base64,{base64.b64encode(_bytes(part)).decode()}"


def _links(text: str, html: str) -> Iterator[str]:
    yield from (unescape(found) for found in _HREF.findall(html))
    yield from _PLAIN.findall(text)
