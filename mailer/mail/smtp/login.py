"""AUTH PLAIN (RFC 4616) and AUTH LOGIN: the lines to say, one per challenge. Decides nothing about safety."""

from base64 import b64encode
from collections.abc import Iterator

MECHANISMS = ("PLAIN", "LOGIN")


def lines(mechanism: str, username: str, password: str) -> Iterator[bytes]:
    """The command first, then an answer to each 334."""
    if mechanism == "PLAIN":
        secret = _coded(f"\0{username}\0{password}")
        yield b"AUTH PLAIN " + secret
        yield secret  # a server that takes no initial response asks once more
    else:
        yield b"AUTH LOGIN\r\n"
        yield _coded(username)
        yield _coded(password)


def _coded(text: str) -> bytes:
    return b64encode(text.encode()) + b"\r\n"
