"""Random tokens for account links and sessions, keyed ones for letters; standard library only.
Random ones are kept as hashes, keyed ones not at all: they can be made again from what they name."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode
from binascii import b2a_base64, hexlify
from collections.abc import Callable, Sequence
from uuid import UUID

_LEAST_KEY, _LONGEST_KEY = 16, 64
# of what is keyed to one letter: octets of its message id, of its token's code, of both
_ID, _MAC = 11, 10
_BOTH = _ID + _MAC
# octets of one step of SHAKE128 (FIPS 202), and the neighbours that they are enough for
_RATE = 168
_NEIGHBOURS = _RATE // _BOTH
_LEAST_CLIENT = 4  # octets of its id in a token, so that all tokens of a run are of one length
_LONGEST, _LARGEST = 40, 2**63 - 1  # characters; an id. Two of eight bytes need 36
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# so that no keyed value passes for another kind
_LETTERS, _ATOM = b"letters", b"atom"


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

    One hash makes what eight neighbours need, for hashing was half of what this cost: eight message ids, eight codes.
    """

    __slots__ = ("_hash", "_run", "_tail")

    def __init__(self, key: bytes, run_id: int, domain: str = "") -> None:
        """`domain` is for message ids. ValueError for a key that is too short or long, OverflowError for an id < 0."""
        if not _LEAST_KEY <= len(key) <= _LONGEST_KEY:
            raise ValueError(f"a key of at least {_LEAST_KEY} bytes is needed, and at most {_LONGEST_KEY}")
        self._run = _written_run(run_id)
        # padded to a whole block, as KMAC pads its key (NIST SP 800-185 §4): it is hashed already when it is copied
        self._hash = hashlib.shake_128((_LETTERS + bytes((len(key),)) + key + self._run).ljust(_RATE, b"\0"))
        self._tail = f"@{domain}>".encode()

    def for_letters(self, client_ids: Sequence[int]) -> tuple[list[bytes], list[bytes]]:
        """Message ids, with angle brackets (RFC 5322 §3.6.4), and unsubscribe tokens, about 24 url-safe characters.

        The same for every attempt at one recipient of a run. Raises OverflowError for a negative id.
        """
        width = self._width(max(client_ids, default=0))
        if width != self._width(min(client_ids, default=0)):
            alone = [self.for_letters([one]) for one in client_ids]
            return [ids[0] for ids, _tokens in alone], [tokens[0] for _ids, tokens in alone]
        keyed, run, tail = self._keyed(client_ids), self._run, self._tail
        written = hexlify(b"".join(keyed))
        ends = range(2 * _ID, len(written), 2 * _BOTH)
        message_ids = [b"<" + written[end - 2 * _ID : end] + tail for end in ends]
        whose = zip(client_ids, keyed, strict=True)
        packed = [run + client_id.to_bytes(width, "big") + both[_ID:] for client_id, both in whose]
        text, size = _url_safe(b"".join(packed)), (len(run) + width + _MAC) // 3 * 4
        return message_ids, [text[at : at + size] for at in range(0, len(text), size)]

    def _keyed(self, client_ids: Sequence[int]) -> list[bytes]:
        found = list[bytes]()
        add, new, hashed, block = found.append, self._hash.copy, -1, b""
        for client_id in client_ids:
            neighbours, place = client_id // _NEIGHBOURS, client_id % _NEIGHBOURS * _BOTH
            if neighbours != hashed:
                hashed, hashing = neighbours, new()
                hashing.update(neighbours.to_bytes(8, "big"))
                block = hashing.digest(_RATE)
            add(block[place : place + _BOTH])
        return found

    def _width(self, client_id: int) -> int:
        """Octets of this id in a token: as many as it needs, and more, so that base64 fills nothing up."""
        least = max(_LEAST_CLIENT, (client_id.bit_length() + 7) // 8)
        return least + -(len(self._run) + least + _MAC) % 3


def unsubscribe_token(key: bytes, run_id: int, client_id: int) -> str:
    """One token by itself; see `RunTokens.for_letters`."""
    return RunTokens(key, run_id).for_letters([client_id])[1][0].decode()


def read_unsubscribe_token(key: bytes, token: str) -> tuple[int, int] | None:
    """(run_id, client_id) of a token in one of `_SPELLINGS`; None for anything else."""
    ids = _unpack(token)
    if ids is None:
        return None
    return ids if any(hmac.compare_digest(spelled(key, *ids), token) for spelled in _SPELLINGS) else None


def _first_spelled(key: bytes, run_id: int, client_id: int) -> str:
    """Of the first letters: each code had a hash of its own."""
    packed = _written_run(run_id) + _written(client_id)
    mac = hashlib.blake2b(packed, digest_size=_MAC, key=key, person=b"unsubscribe")
    return _url_safe(packed + mac.digest()).decode()


def _spelled_by_two(key: bytes, run_id: int, client_id: int) -> str:
    """Of the next ones: two neighbours shared a hash, behind their message ids of 16 octets."""
    run, pair, at = _written_run(run_id), client_id // 2, 32 + client_id % 2 * _MAC
    hashed = hashlib.blake2b(run + pair.to_bytes(8, "big"), digest_size=52, key=key, person=b"two letters").digest()
    return _url_safe(run + _written(client_id) + hashed[at : at + _MAC]).decode()


# today's first. Links of letters work for as long as the key is there
_SPELLINGS: tuple[Callable[[bytes, int, int], str], ...] = (unsubscribe_token, _spelled_by_two, _first_spelled)


def _url_safe(packed: bytes) -> bytes:
    """Base64 without an end that is filled up (RFC 4648 §5)."""
    return b2a_base64(packed, newline=False).translate(_URL_SAFE, b"=")


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
