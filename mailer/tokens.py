"""Random tokens for account links and sessions, keyed ones for letters; standard library only.
Random ones are kept as hashes, keyed ones not at all: they can be made again from what they name."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64, hexlify
from collections.abc import Iterable
from uuid import UUID

_LEAST_KEY = 16
_MAC, _ID = 10, 16  # bytes
_HEX = 2 * _ID
_LONGEST, _LARGEST = 40, 2**63 - 1  # characters; an id. Two of eight bytes need 36
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# so that no keyed value passes for another kind
_UNSUBSCRIBE, _LETTERS, _ATOM = b"unsubscribe", b"two letters", b"atom"


def new_token() -> str:
    """43 url-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex: what is kept of a token. Enough without salt, for a token cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def atom_id(key: bytes, what: str) -> str:
    """The name of a feed or an entry for good (RFC 4287 §4.2.6), wherever the site moves: no address is in it."""
    mac = hashlib.blake2b(what.encode(), digest_size=16, key=key, person=_ATOM)
    return UUID(bytes=mac.digest(), version=4).urn


class RunTokens:
    """What is keyed to each client of one run; the run's half of the hashing is done once for all of them.

    One hash makes what two neighbours need, for hashing is half of what this costs: two message ids, two codes.
    """

    __slots__ = ("_hash", "_run", "_tail")

    def __init__(self, key: bytes, run_id: int, domain: str = "") -> None:
        """`domain` is for message ids. Raises ValueError for a short key, OverflowError for a negative id."""
        if len(key) < _LEAST_KEY:
            raise ValueError(f"a key of at least {_LEAST_KEY} bytes is needed")
        self._run = _written_run(run_id)
        self._hash = hashlib.blake2b(self._run, digest_size=2 * (_ID + _MAC), key=key, person=_LETTERS)
        self._tail = f"@{domain}>".encode()

    def for_letters(self, client_ids: Iterable[int]) -> tuple[list[bytes], list[bytes]]:
        """Message ids, with angle brackets (RFC 5322 §3.6.4), and unsubscribe tokens, about 24 url-safe characters.

        The same for every attempt at one recipient of a run. Raises OverflowError for a negative id.
        """
        message_ids, tokens = list[bytes](), list[bytes]()
        add_id, add_token = message_ids.append, tokens.append
        run, tail, new, hashed = self._run, self._tail, self._hash.copy, -1
        ids = macs = b""
        for client_id in client_ids:
            pair = client_id >> 1
            if pair != hashed:
                hashed, mac = pair, new()
                mac.update(pair.to_bytes(8, "big"))
                digest = mac.digest()
                ids, macs = hexlify(digest[:_HEX]), digest[_HEX:]
            client, second = client_id.to_bytes(8, "big").lstrip(b"\0"), client_id & 1
            add_id(b"<" + (ids[_HEX:] if second else ids[:_HEX]) + tail)
            add_token(b2a_base64(run + client + (macs[_MAC:] if second else macs[:_MAC])))
        # one to a line by now: what is the same for all is done to all at once
        return message_ids, b"".join(tokens).translate(_URL_SAFE, b"=").split(b"\n")[:-1]


def unsubscribe_token(key: bytes, run_id: int, client_id: int) -> str:
    """One token by itself; see `RunTokens.for_letters`."""
    return RunTokens(key, run_id).for_letters([client_id])[1][0].decode()


def read_unsubscribe_token(key: bytes, token: str) -> tuple[int, int] | None:
    """(run_id, client_id), or None for anything that `unsubscribe_token` did not make, in that very spelling."""
    ids = _unpack(token)
    if ids is None:
        return None
    return ids if any(hmac.compare_digest(one, token.encode()) for one in _spellings(key, *ids)) else None


def _spellings(key: bytes, run_id: int, client_id: int) -> tuple[bytes, bytes]:
    """Today's, and that of the first letters, each of whose codes had a hash of its own."""
    packed = _written_run(run_id) + _written(client_id)
    first = hashlib.blake2b(packed, digest_size=_MAC, key=key, person=_UNSUBSCRIBE).digest()
    return unsubscribe_token(key, run_id, client_id).encode(), urlsafe_b64encode(packed + first).rstrip(b"=")


def _written_run(run_id: int) -> bytes:
    """One byte that says how long it is: the client's id follows, and both take as few bytes as they need."""
    written = _written(run_id)
    return bytes((len(written),)) + written


def _written(number: int) -> bytes:
    return number.to_bytes(8, "big").lstrip(b"\0")


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
    run_id, client_id = int.from_bytes(packed[1:client_from], "big"), int.from_bytes(packed[client_from:], "big")
    return (run_id, client_id) if max(run_id, client_id) <= _LARGEST else None
