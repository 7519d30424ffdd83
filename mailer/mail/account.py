"""The service's own letters (confirm, reset, notices): Flask-Mail as the transport, stdlib for the bytes.

Bounces of such letters go nowhere (null return path), and no machine shall answer them. Never used for mailings.
"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import Protocol

from mailer.mail.patience import PatientMail, Server, StandardMessage


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one address; `to` is a bare address."""

    to: str
    subject: str
    text: str
    html: str


class Transport(Protocol):
    """Where letters go. Raises one of TROUBLE when this one did not."""

    def send(self, letter: Letter, *, now: datetime) -> None: ...


def open_transport(server: Server, *, site: str, folder: Path) -> Transport:
    """The mail server; without one (development only) files in `folder`."""
    return ServerTransport(server, site) if server.host else FolderTransport(server, site, folder)


class ServerTransport:
    """Hands letters to the mail server, one connection per letter: they are few."""

    def __init__(self, server: Server, site: str) -> None:
        """`site` is the name beside our address."""
        self._server, self._site = server, site
        self._mail = PatientMail(server)

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Speak SMTP; return once the server took the letter."""
        message = StandardMessage(build(letter, self._server.sender, self._site, now))
        with self._mail.connect() as connection:
            connection.send(message)


class FolderTransport:
    """Writes each letter into a folder as .eml, readable by this system's user only: it holds a secret link."""

    def __init__(self, server: Server, site: str, folder: Path) -> None:
        """`folder` is made when missing."""
        self._server, self._site, self._folder = server, site, folder

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Write one file; it appears whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        message = build(letter, self._server.sender, self._site, now)
        name = message["Message-ID"].strip("<>").partition("@")[0]
        path = self._folder / f"{now:%Y%m%dT%H%M%S}-{name}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(path)


def build(letter: Letter, sender: str, site: str, now: datetime) -> EmailMessage:
    """The e-mail; the header objects refuse line breaks. `sender` may bring its own display name."""
    name, address = parseaddr(sender)
    # in parts: the library's parser of addresses takes a letter beyond ASCII for a defect (RFC 6532 §3.2 allows it)
    local, _, domain = letter.to.rpartition("@")
    message = EmailMessage(policy=SMTP if letter.to.isascii() else SMTPUTF8)
    message["From"] = Address(name or site, addr_spec=address)
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = letter.subject
    message["Date"] = now
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5
    message["X-Auto-Response-Suppress"] = "All"
    # quoted-printable: a long line or an 8-bit letter would depend on what the server can carry
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message
