"""One letter's envelope as commands, if this server can be offered it at all, and its body made safe for DATA."""

import re

from mailer.mail.smtp.capabilities import Capabilities
from mailer.mail.smtp.events import Envelope, Unfit

_find_leading_dot = re.compile(rb"\n\.").search  # on a letter of 2.5 KB three times as fast as `in`


def group(envelope: Envelope, capabilities: Capabilities) -> bytes | Unfit:
    """MAIL, RCPT, DATA as one pipelined group, DATA closing it (RFC 2920 §3.1); or why it must not be tried here."""
    sender, recipient, size = envelope.sender, envelope.recipient, envelope.size
    parameters = ""
    if size and capabilities.size:
        if size > capabilities.size_limit > 0:
            return Unfit.TOO_LARGE
        parameters = f" SIZE={size}"
    if not envelope.is_plain:
        # the caller checks addresses; this keeps a slip of theirs from becoming an SMTP command or parameter
        if not recipient or not recipient.isprintable() or ">" in recipient or " " in recipient:
            return Unfit.BAD_ADDRESS
        if envelope.smtputf8 or not (recipient.isascii() and sender.isascii()):
            if not capabilities.smtputf8:
                return Unfit.NEEDS_SMTPUTF8
            parameters += " SMTPUTF8 BODY=8BITMIME" if capabilities.eight_bit else " SMTPUTF8"
    return f"MAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()


def stuffed(letter: bytes) -> bytes:
    """The letter with a final line end and its leading dots doubled (RFC 5321 §4.5.2)."""
    if _find_leading_dot(letter):
        letter = letter.replace(b"\n.", b"\n..")
    if letter[:1] == b".":
        letter = b"." + letter
    return letter if letter.endswith(b"\r\n") else letter + b"\r\n"
