"""The header fields that are the same in every copy of a letter.

Nothing from outside becomes a line of its own here: values are cleaned or refused before they are written.
"""

import re
from collections.abc import Iterable
from typing import Final

from mailer.mail.letter.cleaning import one_line, written_address
from mailer.mail.letter.types import Draft
from mailer.mail.letter.words import encoded_words, mailbox

_NAME: Final = re.compile(r"[!-9;-~]{1,60}")
_LINE: Final = 78
_SHORT_NAME: Final = 8  # leaves room for an encoded word on the same line
_LONGEST_TOKEN: Final = 900
_OWN: Final = frozenset({
    "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version",
    "list-unsubscribe", "list-unsubscribe-post", "return-path", "received",
})  # fmt: skip


def constant_headers(draft: Draft) -> bytes:
    """From, Reply-To and the draft's extra headers, each ending with CRLF; ValueError for unsafe ones."""
    lines = [b"From: " + mailbox(one_line(draft.from_name), written_address(draft.from_address))]
    if draft.reply_to:
        lines.append(b"Reply-To: " + written_address(draft.reply_to))
    lines.extend(_checked(draft.headers))
    return b"".join(line + b"\r\n" for line in lines)


def _checked(headers: Iterable[tuple[str, str]]) -> Iterable[bytes]:
    """Extra headers folded; ValueError for a name that is ours, given twice or no name, and for line ends."""
    seen = set(_OWN)
    for name, value in headers:
        key = name.lower()
        if _NAME.fullmatch(name) is None or key in seen or key.startswith(("content-", "resent-")):
            raise ValueError(f"not a header that a draft may set: {name!r}")
        if one_line(value) != value:
            raise ValueError(f"control characters in header {name!r}")
        seen.add(key)
        yield folded(name, value)


def folded(name: str, value: str) -> bytes:
    """`name: value` folded at its blanks, runs of which become one; as encoded words if not plain ASCII.

    Raises ValueError for a stretch of more than 900 characters without a blank.
    """
    if not value.isascii() or "=?" in value:
        return name.encode() + (b":\r\n " if len(name) > _SHORT_NAME else b": ") + encoded_words(value)
    tokens = value.split()
    if any(len(token) > _LONGEST_TOKEN for token in tokens):
        raise ValueError(f"header {name!r} cannot be folded")
    lines = [name + ":"]
    for token in tokens:
        if len(lines[-1]) + 1 + len(token) <= _LINE:
            lines[-1] += " " + token
        else:
            lines.append(" " + token)
    return "\r\n".join(lines).encode()
