"""What the engine writes down where a mail server said nothing, in the reader's language.

The log keeps English, which all workers write; here it is put into words for a page or a letter. What a server did say
is shown as it came, and so is whatever is not known here.
"""

import errno
import os
import re

from flask_babel import gettext as _


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for what is translated later
    """The sentence itself, for the catalogue."""
    return sentence


OURS = frozenset(
    (
        N_("the server closed the connection"),
        N_("the server has no address"),
        N_("the connection ended before the letter was sent"),
        N_("stopped before the server answered"),
        N_("bytes in the clear after STARTTLS"),
        N_("a reply line without end"),
        N_("a reply without end"),
        N_("the server offers no STARTTLS"),
        N_("no TLS: the password is not sent in the clear"),
        N_("the server offers neither AUTH PLAIN nor AUTH LOGIN"),
    )
)
THE_SYSTEMS = {
    os.strerror(errno.ECONNREFUSED): N_("the server refused the connection"),
    os.strerror(errno.ECONNRESET): N_("the connection was cut off"),
    os.strerror(errno.EPIPE): N_("the connection was cut off"),
    os.strerror(errno.ETIMEDOUT): N_("the server did not answer in time"),
    os.strerror(errno.EHOSTUNREACH): N_("there is no way to the server"),
    os.strerror(errno.ENETUNREACH): N_("there is no way to the server"),
    "Name or service not known": N_("nobody knows the server's name"),
    "Temporary failure in name resolution": N_("the server's name could not be looked up"),
}
_STEP = re.compile(r"[a-zA-Z]+: ")
_NUMBER = re.compile(r"\[Errno -?\d+\] ")
_SLOW = re.compile(r"no progress in (?:taking the body|answering (?P<step>\S+)) for (?P<seconds>[\d.]+) s")


def in_words(text: str) -> str:
    """The reader's words for a sentence of ours, with or without the step (`connect: …`) before it."""
    step = _STEP.match(text)
    if text in OURS or step is None:
        return _said(text)
    rest = text.removeprefix(step[0])
    said = _said(rest)
    return text if said is rest else step[0] + said


def _said(text: str) -> str:
    if text in OURS:
        return str(_(text))
    bare = _NUMBER.sub("", text, count=1)
    if bare in THE_SYSTEMS:
        return str(_(THE_SYSTEMS[bare]))
    slow = _SLOW.fullmatch(text)
    if slow is None:
        return text
    seconds = slow["seconds"]
    if slow["step"]:
        return str(_("no progress in answering %(step)s for %(seconds)s s", step=slow["step"], seconds=seconds))
    return str(_("no progress in taking the body for %(seconds)s s", seconds=seconds))
