"""One copy of a message to its own author, at once, with the server's answer: to see it as recipients will.

It belongs to no run, leaves no row in the log, and its unsubscribe link leads to the service's first page.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid, parseaddr

from flask import Flask
from flask_mail import Message as Envelope

from mailer.dispatch.letters import draft, footers
from mailer.mail.letter import Addressee, compile_letter, date_header
from mailer.mail.patience import TROUBLE, PatientMail
from mailer.models import Message, User


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mail server made of it: its own words, or what went wrong on the way."""

    is_accepted: bool
    words: str


@dataclass(frozen=True, slots=True)
class _Content:
    subject: str
    text: str
    html: str
    from_name: str
    reply_to: str


class _Ready(Envelope):
    """Flask-Mail's message as an envelope around bytes that are ready."""

    def __init__(self, sender: str, to: str, raw: bytes) -> None:
        super().__init__(subject="", recipients=[to], sender=sender)
        self._raw = raw

    def as_bytes(self) -> bytes:
        """The bytes for the wire."""
        return self._raw


def send_test(app: Flask, message: Message, owner: User, *, now: datetime) -> Answer:
    """Send `message` to its owner's own address; waits for the server, at most some seconds."""
    config = app.config["MAILER"]
    if not config.mail.host:
        return Answer(False, "MAIL_SERVER")
    sender = parseaddr(config.mail.sender)[1]
    content = _Content(message.subject, message.text, message.html, owner.display_name, owner.email)
    letter = compile_letter(draft(content, sender, footers(app)[owner.locale]))
    to = Addressee(
        owner.email, owner.display_name, make_msgid(domain=config.mail_domain), f"{config.public_url}/"
    )
    raw = letter.fill(to, date=date_header(now))
    try:
        with PatientMail(config.mail).connect() as connection:
            # the envelope of a run, so that a server that refuses our sender says so here first
            connection.send(_Ready(sender, owner.email, raw), envelope_from=sender)
    except TROUBLE as error:
        return Answer(False, str(error)[:500])
    return Answer(True, "")
