"""What a server offered in its reply to EHLO (RFC 5321 §4.1.1.1)."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Nothing offered is the safe default, and all there is after HELO. `size_limit` 0: no limit known."""

    pipelining: bool = False
    starttls: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size: bool = False
    size_limit: int = 0
    auth: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def offered(text: str) -> Capabilities:
    """Read the lines after the first one; unknown words are ignored, a size that is no number is no limit.

    The same words give the same object.
    """
    words: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        # "AUTH=LOGIN" is an old spelling that some servers send beside, or instead of, "AUTH LOGIN"
        keyword, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        words.setdefault(keyword, []).extend(parameters)
    limit = words.get("SIZE") or ["0"]
    return Capabilities(
        pipelining="PIPELINING" in words,
        starttls="STARTTLS" in words,
        eight_bit="8BITMIME" in words,
        smtputf8="SMTPUTF8" in words,
        size="SIZE" in words,
        size_limit=_number(limit[0]),
        auth=frozenset(words.get("AUTH", ())),
    )


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
