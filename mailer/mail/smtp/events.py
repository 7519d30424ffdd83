"""The protocol's words: steps, the letter's envelope, and what a dialogue reports.

Every envelope that a dialogue takes ends in exactly one of Answered, Returned, Unanswered.
What a reply means for the log is not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Step(StrEnum):
    """Where a conversation stands; VOID is the lone dot after a refused recipient."""

    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    RSET = "rset"
    VOID = "void"
    QUIT = "quit"


class Unfit(StrEnum):
    """Why a letter cannot even be offered to this server."""

    TOO_LARGE = "too_large"
    NEEDS_SMTPUTF8 = "needs_smtputf8"
    BAD_ADDRESS = "bad_address"


# a letter in pieces, one at least, that follow each other: joined but once, with what is said behind it
Body = Sequence[bytes]


@dataclass(slots=True, eq=False)
class Terms:
    """What letters that were made together have in common.

    `sender` may be empty (`MAIL FROM:<>`). `size` is that of the largest in octets, as near as known; 0: the server
    is not told. `is_stuffed`: the caller vouches that no body has a line with a dot first and each ends with CRLF;
    `is_plain`: that all addresses are such, and of ASCII.
    """

    sender: str
    size: int = 0
    smtputf8: bool = False
    is_stuffed: bool = False
    is_plain: bool = False
    # what is said of them before a recipient's address, and to whom: see commands.common_group
    said_to: object = field(default=None, init=False)
    said: bytes = field(default=b"", init=False)


@dataclass(slots=True, eq=False)
class Envelope:
    """One letter for one recipient; `token` is the caller's own and is never looked at.

    `returns` counts how often a dying connection gave the letter back: the caller stops at RETURNS_LIMIT.
    `begun_s` is the wire's monotonic time of the first command, to the thousandth.
    """

    terms: Terms
    recipient: str
    token: Any = None
    returns: int = 0
    begun_s: float = 0.0


RETURNS_LIMIT = 3


class Answered(NamedTuple):
    """The reply that settles a letter: a refusal at RCPT or DATA, or whatever answered the final dot."""

    envelope: Envelope
    step: Step
    code: int
    text: str


# as the usual step finds it: the letter, the 2xx to its final dot, and the reply as received, one line without its end
Taken = tuple[Envelope, int, bytes]


class Returned(NamedTuple):
    """Certainly not sent. `untouched`: no byte of the body was given out."""

    envelope: Envelope
    untouched: bool


class Unanswered(NamedTuple):
    """The whole body went out and no reply came: nobody knows (RFC 1047)."""

    envelope: Envelope
    why: str


class Trouble(NamedTuple):
    """The server's or the account's fault, no recipient's. Code 0: no reply, `text` is our own sentence."""

    step: Step
    code: int
    text: str


Event = Answered | Returned | Unanswered | Trouble
