"""Text in headers: plain where every reader agrees on it, RFC 2047 encoded words everywhere else.

No word over 75 characters, no character split; blanks that belong to the text stay inside the words.
"""

import binascii
import re
from collections.abc import Sequence
from typing import Final

_BYTES_PER_WORD: Final = 42  # 56 of base64 and 12 of frame: "Subject: " and a word stay within 78
FOLD: Final = b"\r\n "
BEFORE_ADDRESS: Final = FOLD + b"<"
_NAME_AND_ADDRESS: Final = 67  # what 78 leaves beside `From: "" <>`
# single blanks only, and no "=?": folding and careless decoders leave such text alone
_PLAIN: Final = re.compile(r"(?=.{1,69}\Z)(?!.*=\?)[!-~]+(?: [!-~]+)*")
# the same inside quotation marks: nothing there that would have to be escaped
_PLAIN_NAME: Final = re.compile(r"(?=.{1,60}\Z)[!#-;@-\[\]-~]+(?: [!#-;@-\[\]-~]+)*")


def is_plain(text: str) -> bool:
    """True for up to 69 characters of ASCII (78 with `Subject: `) that need neither encoding nor folding."""
    return _PLAIN.fullmatch(text) is not None


def encoded_words(text: str) -> bytes:
    """UTF-8 words in base64, one per line, each further line beginning with a blank; nothing for an empty text."""
    return encoded_columns([text.encode()])[0]


def encoded_columns(texts: Sequence[bytes]) -> list[bytes]:
    """A column of them, of texts in UTF-8."""
    encode = binascii.b2a_base64
    if all(texts) and max(map(len, texts), default=0) <= _BYTES_PER_WORD:
        return [b"=?utf-8?b?" + encode(raw, newline=False) + b"?=" for raw in texts]
    return [*map(_several, texts)]


def _several(raw: bytes) -> bytes:
    words = []
    while raw:
        end = _BYTES_PER_WORD
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # not before a continuation byte
            end -= 1
        words.append(b"=?utf-8?b?" + binascii.b2a_base64(raw[:end], newline=False) + b"?=")
        raw = raw[end:]
    return FOLD.join(words)


def mailbox(name: str, address: bytes) -> bytes:
    """`"name" <address>` on at most 78 columns a line if the address allows; bare when the name is blank."""
    if not name or name.isspace():
        return address
    if not name.isascii() or _PLAIN_NAME.fullmatch(name) is None:
        return encoded_words(name) + BEFORE_ADDRESS + address + b">"
    if len(name) + len(address) > _NAME_AND_ADDRESS:
        return b'"' + name.encode() + b'"' + BEFORE_ADDRESS + address + b">"
    return b'"' + name.encode() + b'" <' + address + b">"
