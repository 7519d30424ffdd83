"""Reads a letter as the standard library does, and builds the same letter in its plain way, for comparison."""

import email
import re
from dataclasses import dataclass, replace
from email import policy
from email.header import decode_header
from email.message import EmailMessage
from email.utils import parseaddr

from mailer.mail.letter import Addressee, Draft

DATE = "Mon, 23 Nov 2026 06:00:00 +0000"
ANNA = Addressee(
    "anna@example.com", "Анна", "<run7.client9@example.org>", "https://mail.example.org/unsubscribe/AAECAwQF"
)
DRAFT = Draft(
    subject=("News",),
    text=("Hello\n",),
    html=None,
    from_name="Tea & Co",
    from_address="news@example.org",
    reply_to="owner@example.org",
)
OWN_HEADERS = [
    "From", "Reply-To", "To", "Message-ID", "Date", "List-Unsubscribe", "List-Unsubscribe-Post", "Subject",
    "MIME-Version", "Content-Type",
]  # fmt: skip
QP = "Content-Transfer-Encoding"


@dataclass(frozen=True)
class Letter:
    """A parsed letter: header names in order, the decoded values, bodies as `get_content` gives them."""

    header_names: list[str]
    subject: str
    from_: tuple[str, str]
    to: tuple[str, str]
    text: str
    html: str | None


def draft(**changes: object) -> Draft:
    """The usual draft with some of it changed."""
    return replace(DRAFT, **changes)  # type: ignore[arg-type]


def read(letter: bytes) -> Letter:
    """Parsed by the standard library; addresses by its older parser (see `mailbox`)."""
    message = email.message_from_bytes(letter, policy=policy.default)
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    html = message.get_body(("html",))
    return Letter(
        header_names=message.keys(),
        subject=str(message["Subject"]),
        from_=mailbox(letter, "From"),
        to=mailbox(letter, "To"),
        text=message.get_body(("plain",)).get_content(),
        html=html and html.get_content(),
    )


def raw_header(letter: bytes, name: str) -> str:
    """One header as it stands on the wire, unfolded."""
    head = letter.partition(b"\r\n\r\n")[0].decode()
    found = re.findall(rf"^{name}:([^\r]*(?:\r\n [^\r]*)*)", head, re.MULTILINE)
    assert len(found) == 1
    return found[0].replace("\r\n", "").strip()


def mailbox(letter: bytes, header: str) -> tuple[str, str]:
    """Display name and address. Python before 3.13.2 puts blanks between the words of a name (gh-128110): not here."""
    raw = raw_header(letter, header)
    if "=?" not in raw:
        return parseaddr(raw)
    phrase, _, address = raw.rpartition(" <")
    words = decode_header(phrase)
    return "".join(part.decode(charset) for part, charset in words), address.removesuffix(">")


def built_plainly(*, text: str, html: str | None) -> EmailMessage:
    """Bodies put together by EmailMessage, sent through bytes once."""
    message = EmailMessage(policy=policy.SMTP)
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return email.message_from_bytes(message.as_bytes(), policy=policy.SMTP)


def assert_fit_for_the_wire(letter: bytes, *, widest: int = 78) -> None:
    """CRLF only, no dot first on a line, lines of at most `widest` octets (76 in bodies), fit encoded words."""
    assert letter.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", letter)
    head, _, body = letter.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= widest
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^\.", letter)
    for word in re.findall(rb"=\?.*?\?=", head):
        assert len(word) <= 75
        ((decoded, charset),) = decode_header(word.decode())
        decoded.decode(charset)
