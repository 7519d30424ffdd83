"""Passwords: how they are kept, and which ones cannot be chosen. The clear text never leaves a call."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from math import prod
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

LEAST, MOST = 8, 128
# kept for an account that has no password yet; no hash looks like this
NO_PASSWORD = "!"  # noqa: S105 - it opens nothing
# the demo's, known to everybody: nobody may choose it, and it opens accounts in development only
DEMO = "warm-letters"
_COMMON = Path(__file__).with_name("common_passwords.txt")


def hash_password(password: str, *, method: str) -> str:
    """Salted scrypt. Case and spaces are kept, nothing is cut; only the spelling of accents is made one (NFC)."""
    return generate_password_hash(_composed(password), method=method)


def is_right(stored: str, password: str, *, method: str) -> bool:
    """Whether `password` is the one kept. It takes about as long for an older, cheaper hash as for today's method;
    without one kept too, and is never right."""
    # a longer one cannot be anybody's; hashing megabytes would be a way to keep us busy
    has_one = "$" in stored and len(password) <= 4 * MOST
    typed = _composed(password[: 4 * MOST])
    compared = stored if has_one else _nobodys_hash(method)
    matches = check_password_hash(compared, typed)
    for spared in _spared(compared.partition("$")[0], method):
        generate_password_hash(typed, method=spared)
    return matches and has_one


def is_cheaper(stored: str, method: str) -> bool:
    """Whether `stored` was made at a lower cost than `method` asks for today."""
    return _cost(stored.partition("$")[0]) < _cost(method)


def trouble_with(password: str, own_words: Iterable[str] = ()) -> str | None:
    """Why this password cannot be chosen: too_short, too_long, common, own_words; None when it can."""
    composed = _composed(password)
    if not LEAST <= len(composed) <= MOST:
        return "too_short" if len(composed) < LEAST else "too_long"
    folded = composed.casefold().strip()
    if folded in common_passwords():
        return "common"
    return "own_words" if folded in {_composed(word).casefold().strip() for word in own_words} else None


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """The bundled list, case-folded; its head names the source."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset({DEMO, *(line.casefold() for line in lines if not line.startswith("# "))})


def _composed(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _cost(method: str) -> int:
    name, *numbers = method.split(":")
    return prod(map(int, numbers)) if name == "scrypt" and numbers else 0


def _spared(kept: str, method: str) -> list[str]:
    """The methods of what is left to hash when `kept` was cheaper than `method`: all together cost the same."""
    if _cost(kept) >= _cost(method):
        return []
    name, *least = kept.split(":")
    _name, *whole = method.split(":")
    if name != "scrypt" or least[1:] != whole[1:]:
        return [method]  # rather too much than too little
    doublings = (int(whole[0]) // int(least[0])).bit_length() - 1
    return [":".join([name, str(int(least[0]) << step), *least[1:]]) for step in range(doublings)]


@lru_cache(maxsize=4)
def _nobodys_hash(method: str) -> str:
    return generate_password_hash("nobody has this password", method=method)
