"""What a dialogue is told beforehand about the server and the account."""

from dataclasses import dataclass, field
from enum import StrEnum


class Tls(StrEnum):
    """How the connection is secured: not at all, after STARTTLS, or from the first byte (RFC 8314)."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's settings; without a user name nobody signs in.

    `look_ahead` may send the next letter's envelope behind a body. A connection is known to carry `proven_letters` (0:
    all of `letters_per_connection`); beyond them it is a scout: without look-ahead, for a server that hangs up unread
    then costs no reply, and a refused sender or a 4xx to an envelope ends the connection and says nothing of anybody.
    `allow_clear_password` is for tests and trusted loopback relays only.
    """

    helo_name: str = "localhost"
    tls: Tls = Tls.NONE
    username: str = ""
    password: str = field(default="", repr=False)
    allow_clear_password: bool = False
    look_ahead: bool = True
    letters_per_connection: int = 100
    proven_letters: int = 0
