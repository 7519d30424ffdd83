"""The plain loop sends what the engine sends: else its figures would say nothing."""

from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage

from flask import Flask

from mailer.bench import world
from mailer.bench.plain import Author, written
from mailer.clock import utcnow
from mailer.dispatch.letters import draft, footers
from mailer.mail.letter import Addressee, compile_letter, date_header
from mailer.models import MessageVersion

NAME, ADDRESS, LINK = "Клиент <1>", "c1@example.org", "https://mailer.example/unsubscribe/AQEBW7XKcWhZsdI-rQ"
AUTHOR = Author("news@example.org", "Ольга Книжная", "owner@example.org", "", b"")
COMPARED = ("From", "Reply-To", "To", "Date", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type")


def test_its_letter_says_what_the_engines_says(app: Flask) -> None:
    at = utcnow()
    content = MessageVersion(
        subject=world.SUBJECT, text=world.TEXT, html=world.HTML, from_name=AUTHOR.name, reply_to=AUTHOR.reply_to
    )
    compiled = compile_letter(draft(content, AUTHOR.address, footers(app)["ru"]))
    to = Addressee(address=ADDRESS, name=NAME, message_id="<1@example.org>", unsubscribe_url=LINK)
    ours = _read(compiled.fill(to, date=date_header(at)))
    plain = _read(written(AUTHOR, ADDRESS, NAME, LINK, at).as_bytes())
    assert list(_told(plain)) == list(_told(ours))


def _read(letter: bytes) -> EmailMessage:
    return message_from_bytes(letter, policy=policy.default)


def _told(letter: EmailMessage) -> Iterable[str]:
    """Headers without what differs by chance, and both texts with their encoding undone."""
    for name in COMPARED:
        yield str(letter[name]).partition(";")[0]
    for part in letter.iter_parts():
        assert isinstance(part, EmailMessage)
        yield part.get_content_type()
        yield part.get_content().replace("\r\n", "\n").rstrip("\n")
