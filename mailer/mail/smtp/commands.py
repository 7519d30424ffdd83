"""One letter's envelope as commands, and whether this server can be offered it at all."""

import re

from mailer.mail.smtp.capabilities import Capabilities
from mailer.mail.smtp.events import Envelope, Unfit

_find_leading_dot = re.compile(rb"\n\.").search  # on a letter of 2.5 KB three times as fast as `in`


def group(envelope: Envelope, capabilities: Capabilities) -> bytes:
    """MAIL, RCPT, DATA as one pipelined group; DATA must close it (RFC 2920 §3.1)."""
    parameters = f" SIZE={envelope.size}" if envelope.size and capabilities.size else ""
    if _needs_smtputf8(envelope):
        parameters += " SMTPUTF8 BODY=8BITMIME" if capabilities.eight_bit else " SMTPUTF8"
    return (f"MAIL FROM:<{envelope.sender}>{parameters}\r\nRCPT TO:<{envelope.recipient}>\r\nDATA\r\n").encode()


def unfit(envelope: Envelope, capabilities: Capabilities) -> Unfit | None:
    """Why the letter must not be tried here; None: go ahead."""
    limit = capabilities.size_limit
    if limit and envelope.size > limit:
        return Unfit.TOO_LARGE
    recipient = envelope.recipient
    # the caller checks addresses; this keeps a slip of theirs from becoming an SMTP command or parameter
    if not recipient or not recipient.isprintable() or ">" in recipient or " " in recipient:
        return Unfit.BAD_ADDRESS
    if not capabilities.smtputf8 and _needs_smtputf8(envelope):
        return Unfit.NEEDS_SMTPUTF8
    return None


def stuffed(letter: bytes) -> bytes:
    """The letter with a final line end and its leading dots doubled; letters of ours never need either."""
    if _find_leading_dot(letter):
        letter = letter.replace(b"\n.", b"\n..")
    if letter[:1] == b".":
        letter = b"." + letter
    return letter if letter.endswith(b"\r\n") else letter + b"\r\n"


def _needs_smtputf8(envelope: Envelope) -> bool:
    return envelope.smtputf8 or not envelope.recipient.isascii() or not envelope.sender.isascii()
