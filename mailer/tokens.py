"""Random tokens for account links and sessions, keyed ones for letters; standard library only.
Random ones are kept as hashes, keyed ones not at all: they can be made again from what they name."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

_LEAST_KEY = 16
_MAC = 10
_LONGEST = 40  # characters; two ids of eight bytes need 36
_UNSUBSCRIBE, _MESSAGE_ID = b"unsubscribe", b"message-id"  # so that no keyed value passes for another kind


def new_token() -> str:
    """43 url-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex: what is kept of a token. Enough without salt, for a token cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def unsubscribe_token(key: bytes, run_id: int, client_id: int) -> str:
    """About 24 url-safe characters. Raises ValueError for a short key, OverflowError for a negative id."""
    ids = _pack(run_id, client_id)
    return urlsafe_b64encode(ids + _mac(key, _UNSUBSCRIBE, ids, _MAC)).rstrip(b"=").decode("ascii")


def read_unsubscribe_token(key: bytes, token: str) -> tuple[int, int] | None:
    """(run_id, client_id), or None for anything that `unsubscribe_token` did not make, in that very spelling."""
    ids = _unpack(token)
    if ids is None:
        return None
    expected = unsubscribe_token(key, *ids)
    return ids if hmac.compare_digest(expected.encode("ascii"), token.encode("ascii")) else None


def message_id(key: bytes, run_id: int, client_id: int, domain: str) -> str:
    """The same for every attempt at one recipient of a run, with angle brackets (RFC 5322 §3.6.4)."""
    return f"<{_mac(key, _MESSAGE_ID, _pack(run_id, client_id), 16).hex()}@{domain}>"


def _mac(key: bytes, kind: bytes, value: bytes, size: int) -> bytes:
    if len(key) < _LEAST_KEY:
        raise ValueError(f"a key of at least {_LEAST_KEY} bytes is needed")
    mac = _keyed(key, kind, size).copy()
    mac.update(value)
    return mac.digest()


@lru_cache(maxsize=16)
def _keyed(key: bytes, kind: bytes, size: int) -> "hashlib.blake2b":
    """Two are needed for each letter: setting up the key is half of the work, and is done once."""
    return hashlib.blake2b(digest_size=size, key=key, person=kind)


def _pack(run_id: int, client_id: int) -> bytes:
    """One byte that says how long the first is, then both in as few bytes as they need."""
    run_size = (run_id.bit_length() + 7) // 8
    client = client_id.to_bytes((client_id.bit_length() + 7) // 8, "big")
    return bytes((run_size,)) + run_id.to_bytes(run_size, "big") + client


def _unpack(token: str) -> tuple[int, int] | None:
    """What a token claims, unchecked; None where it cannot be one at all."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        packed = urlsafe_b64decode(token + "=" * (-len(token) % 4))[:-_MAC]
    except ValueError:
        return None
    if not packed or packed[0] >= len(packed):
        return None
    client_from = packed[0] + 1
    return int.from_bytes(packed[1:client_from], "big"), int.from_bytes(packed[client_from:], "big")
