"""The plain loop to compare with, as written in an afternoon: a connection, an EmailMessage, a committed row each."""

import smtplib
import time
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from html import escape

from sqlalchemy import Engine, insert, select

from mailer.bench.world import HTML, SUBJECT, TEXT
from mailer.clock import utcnow
from mailer.models import Attempt, Client
from mailer.rules.outcome import Outcome

TIMEOUT_S = 30.0
RUN_IDS = 1_000_000_000  # of no real run


def send_plainly(engine: Engine, *, port: int, sender: str, count: int) -> None:
    """Send to the first `count` clients, one after the other."""
    with engine.connect() as connection:
        clients = connection.execute(select(Client.id, Client.email, Client.full_name).order_by(Client.id).limit(count))
        people = clients.all()
    run_id = RUN_IDS + time.monotonic_ns() // 1000
    for client_id, address, name in people:
        begun_at, begun_s = utcnow(), time.monotonic()
        letter = _letter(sender, address, name, begun_at)
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


def _letter(sender: str, address: str, name: str, at: datetime) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Date"] = sender, address, format_datetime(at)
    letter["Subject"] = SUBJECT.replace("{{ name | друга }}", name)
    letter["Message-ID"] = make_msgid(domain="example.org")
    letter.set_content(TEXT.replace("{{ name | друг }}", name))
    letter.add_alternative(HTML.replace("{{ name | друг }}", escape(name)), subtype="html")
    return letter
