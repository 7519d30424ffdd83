"""What a reply means at which step, whose fault it is, and when to try again.
The words here go into the log, so a value never changes its meaning. Knows no sockets and no clock."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    SKIPPED = "skipped"


FINALS = frozenset({Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNANSWERED, Outcome.SKIPPED})
"""Every recipient of a finished run ends as exactly one of these; deferred alone goes on."""


class SkipReason(StrEnum):
    """Why a recipient was decided about without a conversation."""

    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    ADDRESS_CHANGED = "address_changed"
    CLIENT_DELETED = "client_deleted"
    DAILY_LIMIT = "daily_limit"
    OWNER_BLOCKED = "owner_blocked"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    GAVE_UP = "gave_up"
    UNFILLABLE = "unfillable"
    BAD_ADDRESS = "bad_address"
    TOO_LARGE = "too_large"


class Step(StrEnum):
    """Where in the conversation a reply came, in order."""

    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Fault(StrEnum):
    """Whom trouble speaks of; the server's (or the account's) uses up no recipient."""

    RECIPIENT = "recipient"
    SERVER = "server"


_OF_THE_RECIPIENT = frozenset({Step.RCPT, Step.DATA, Step.DOT})

# RFC 3463 §3.2: no such mailbox (1), no such system (2), no such syntax (3), moved away (6); RFC 7505 §4.2:
# the domain takes no mail (10). Not 5.1.0 (anything), 5.1.4 (ambiguous), 5.1.7 to 5.1.9 (the sender's address),
# 5.2.1 (switched off, perhaps for a while), 5.2.2 (full), 5.7.x (policy, which may change or be about us).
_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_ENHANCED = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")

_FIRST_RETRY, _LAST_RETRY = timedelta(minutes=5), timedelta(hours=1)
_FIRST_PAUSE, _LAST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)


def fault_of(step: Step, code: int = 0) -> Fault:
    """Only replies to RCPT, DATA and the final dot speak of the recipient; and a 552 to MAIL, which is about the size
    of this letter (RFC 1870 §6.1)."""
    is_own = step in _OF_THE_RECIPIENT or (step is Step.MAIL and code == 552)
    return Fault.RECIPIENT if is_own else Fault.SERVER


def meaning(step: Step, code: int) -> Outcome | Literal[Fault.SERVER]:
    """What the reply that ended an attempt makes of it; 552 at RCPT is temporary (RFC 5321 §4.5.3.1.10).

    A code that has no business at its step is never taken for success: before the body the letter is
    certainly not sent (deferred), after the dot its fate is unknown (unanswered).
    """
    if fault_of(step, code) is Fault.SERVER:
        return Fault.SERVER
    if 400 <= code <= 499 or (step is Step.RCPT and code == 552):
        return Outcome.DEFERRED
    if 500 <= code <= 599:
        return Outcome.REFUSED
    if step is not Step.DOT:
        return Outcome.DEFERRED
    return Outcome.ACCEPTED if 200 <= code <= 299 else Outcome.UNANSWERED


def is_dead_address(code: int, text: str) -> bool:
    """Whether a refusal says that nobody lives there, for ever: then it is put on the stop list.

    Judged by the enhanced code that opens the text (RFC 2034 §4), for words and bare 550s are ambiguous;
    556 needs none (RFC 7504 §4). A full mailbox (552) never counts.
    """
    enhanced = _ENHANCED.match(text)
    if enhanced is None:
        return code == 556
    return 500 <= code <= 599 and code != 552 and enhanced[1] in _DEAD


def retry_delay(number: int, spread: float) -> timedelta:
    """From the end of attempt `number` (1 is the first) to the next: 5, 10, 20, 40, then 60 minutes.

    `spread` from 0 to 1 adds up to half of that, so that a million deferred ones do not come back at once.
    """
    return _growing(_FIRST_RETRY, _LAST_RETRY, number, spread)


def trouble_delay(count: int, spread: float) -> timedelta:
    """How long a run rests after the `count`-th trouble in a row with its server: from 10 s to 15 minutes."""
    return _growing(_FIRST_PAUSE, _LAST_PAUSE, count, spread)


def _growing(first: timedelta, last: timedelta, number: int, spread: float) -> timedelta:
    doublings = min(max(number, 1) - 1, 16)
    return min(first * (1 << doublings), last) * (1 + min(max(spread, 0.0), 1.0) / 2)
