"""Reading the letters that the service wrote into its folder, as their recipients would."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast
from urllib.parse import urlsplit

from flask import Flask

from mailer.clock import utcnow
from mailer.dispatch.account_mail import deliver_due


def collect(app: Flask) -> list[EmailMessage]:
    """Send what waits in the outbox, as the consumer does, and take the letters out of the folder."""
    with app.app_context():
        deliver_due(now=utcnow())
    found = []
    for path in sorted((app.config["MAILER"].var_dir / "letters").glob("*.eml")):
        found.append(cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=default)))
        path.unlink()
    return found


def text_of(letter: EmailMessage) -> str:
    """The plain words of a letter."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(letter: EmailMessage) -> str:
    """The whole address of the one link of a letter."""
    return next(line for line in text_of(letter).splitlines() if line.startswith("http"))


def path_in(letter: EmailMessage) -> str:
    """The same without scheme and host, for a test client."""
    return urlsplit(link_in(letter)).path
