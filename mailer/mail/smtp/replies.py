"""Bytes from the server become replies: (code, raw text). Hostile input is bounded and never raises.

Replies read before the nonsense still count: a 250 is a 250 even when garbage follows it.
"""

import re
from collections.abc import Sequence

LINE_LIMIT = 8_192  # RFC 5321 §4.5.3.1.5 says 512; real servers say more
REPLY_LIMIT = 65_536
TEXT_LIMIT = 1_000

# RFC 3463: too large for the system, longer than is allowed; or no enhanced code at all
_SIZE = re.compile(rb"(?!\s*5\.\d+\.\d)|\s*5\.(?:2\.3|3\.4)(?!\d)")

CODES = {str(code).encode(): code for code in range(200, 600)}
_LAST_LINES = {b"%d " % code: code for code in range(200, 600)}

Reply = tuple[int, bytes]


class Replies:
    """The reader of one connection; after `broken` is set it reads nothing more."""

    __slots__ = ("_code", "_lines", "_rest", "_taken", "broken")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = 0
        self._taken = 0
        self.broken = ""

    @property
    def unfinished(self) -> bool:
        """Part of a reply is at hand."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that these bytes complete, in order; the lines of a long one joined by line feeds."""
        if self.broken:
            return []
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        replies: list[Reply] = []
        for line in lines:
            code = _LAST_LINES.get(line[:4])
            if code and not self._lines:
                replies.append((code, line[4:]))
            elif not self._long(line, replies):
                return replies
        if len(self._rest) > LINE_LIMIT:
            self.broken = "a reply line without end"
        return replies

    def _long(self, line: bytes, replies: list[Reply]) -> bool:
        code, mark = CODES.get(line[:3]), line[3:4]
        if code is None or mark not in (b" ", b"-", b"\r", b""):
            self.broken = f"not an SMTP reply: {readable(line)[:80]}"
            return False
        if self._lines and code != self._code:
            self.broken = f"one reply with two codes: {self._code} and {code}"
            return False
        self._code = code
        self._lines.append(line[4:].rstrip(b"\r"))
        self._taken += len(line)
        if self._taken > REPLY_LIMIT:
            self.broken = "a reply without end"
            return False
        if mark != b"-":
            replies.append((code, b"\n".join(self._lines)))
            self._lines = []
            self._taken = 0
        return True


def speaks_of_size(raw: bytes) -> bool:
    """Whether a 552 to MAIL means this letter (RFC 1870 §6.1), and not the sender's own mailbox, which may be full."""
    return _SIZE.match(raw) is not None


def readable_lines(replies: Sequence[bytes]) -> list[str]:
    """What `readable` makes of the text of each of these replies of one line, all at once where they are plain."""
    try:
        lines = b"\n".join(replies).decode().removesuffix("\r").split("\r\n")
    except UnicodeDecodeError:
        lines = []
    texts = [line[4:] for line in lines]
    together = " ".join([*texts, ""])  # which has two blanks at a place where one ends with a blank, and elsewhere too
    is_plain = len(texts) == len(replies) and together.isprintable() and "  " not in together
    if is_plain and max(map(len, texts), default=0) <= TEXT_LIMIT:
        return texts
    return [readable(reply[4:]) for reply in replies]


def readable(raw: bytes, *, limit: int = TEXT_LIMIT) -> str:
    """The server's words as text: UTF-8, else Latin-1; control characters replaced (no NUL in PostgreSQL)."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.rstrip()
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text.replace("\r", ""))
    return text[:limit]
