"""The plain loop to compare with, as written in an afternoon: a connection, an EmailMessage, a committed row each.

Its letters say what the engine's say, to the unsubscribe link: what is compared must do the same.
"""

import smtplib
import time
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from html import escape

from sqlalchemy import Engine, insert, select

from mailer.bench.world import HTML, SUBJECT, TEXT
from mailer.clock import utcnow
from mailer.models import Attempt, Client
from mailer.rules.outcome import Outcome
from mailer.tokens import unsubscribe_token

TIMEOUT_S = 30.0
RUN_IDS = 1_000_000_000  # of no real run
UNSUBSCRIBE = "Отписаться от этих писем"


@dataclass(frozen=True, slots=True)
class Author:
    """Whom the letters come from; `links` and `key` are what unsubscribe links begin with and are made with."""

    address: str
    name: str
    reply_to: str
    links: str
    key: bytes


def send_plainly(engine: Engine, *, author: Author, port: int, count: int) -> None:
    """Send to the first `count` clients, one after the other."""
    with engine.connect() as connection:
        clients = connection.execute(select(Client.id, Client.email, Client.full_name).order_by(Client.id).limit(count))
        people = clients.all()
    run_id = RUN_IDS + time.monotonic_ns() // 1000
    for client_id, address, name in people:
        begun_at, begun_s = utcnow(), time.monotonic()
        link = author.links + unsubscribe_token(author.key, run_id, client_id)
        letter = written(author, address, name, link, begun_at)
        with smtplib.SMTP("127.0.0.1", port, timeout=TIMEOUT_S) as server:
            server.send_message(letter)
        row = {
            "run_id": run_id,
            "client_id": client_id,
            "number": 1,
            "address": address,
            "started_at": begun_at,
            "took_ms": int((time.monotonic() - begun_s) * 1000),
            "outcome": Outcome.ACCEPTED,
            "reply_code": 250,
        }
        with engine.begin() as connection:
            connection.execute(insert(Attempt), row)


def written(author: Author, address: str, name: str, link: str, at: datetime) -> EmailMessage:
    """The letter to one recipient."""
    letter = EmailMessage()
    letter["From"], letter["Reply-To"] = Address(author.name, addr_spec=author.address), author.reply_to
    letter["To"], letter["Date"] = Address(name, addr_spec=address), format_datetime(at)
    letter["Subject"] = SUBJECT.replace("{{ name | друга }}", name)
    letter["Message-ID"] = make_msgid(domain="example.org")
    letter["List-Unsubscribe"], letter["List-Unsubscribe-Post"] = f"<{link}>", "List-Unsubscribe=One-Click"
    letter.set_content(f"{TEXT.replace('{{ name | друг }}', name)}\n\n-- \n{UNSUBSCRIBE}: {link}\n")
    below = f'<hr><p style="font-size:small;color:#666"><a href="{link}">{UNSUBSCRIBE}</a></p>'
    letter.add_alternative(HTML.replace("{{ name | друг }}", escape(name)) + below, subtype="html")
    return letter
