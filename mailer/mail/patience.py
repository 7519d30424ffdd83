"""Flask-Mail made fit: no endless waits, checked certificates, bytes from the standard library."""

import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Protocol

from flask_mail import Connection, Mail, Message

TIMEOUT_S = 20
TROUBLE = (OSError, smtplib.SMTPException, ValueError)
# these speak of one letter or its address: the server may well take the next
OF_ONE_LETTER = (ValueError, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


class Unsendable(ValueError):
    """This server offers no way to take this letter."""


class Server(Protocol):
    """What must be known of the mail server; `config.mail` is one."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def use_tls(self) -> bool: ...
    @property
    def use_ssl(self) -> bool: ...
    @property
    def sender(self) -> str: ...


class StandardMessage(Message):
    """Flask-Mail's message as a mere envelope around an e-mail of the standard library's."""

    def __init__(self, email: EmailMessage) -> None:
        """Flask-Mail's own builder is not used: it breaks long lines, long headers and names with commas."""
        to = email["To"].addresses[0].addr_spec
        super().__init__(recipients=[to], sender=str(email["From"]), subject=str(email["Subject"]))
        self._email = email

    def as_bytes(self) -> bytes:
        """The bytes for the wire."""
        return self._email.as_bytes()


class PatientMail(Mail):
    """Flask-Mail with settings of our own and connections that never wait for ever."""

    def __init__(self, server: Server) -> None:
        """Nothing is read from an app: the settings were checked when it started."""
        super().__init__()
        self.state = self.init_mail(
            {
                "MAIL_SERVER": server.host,
                "MAIL_PORT": server.port,
                "MAIL_USERNAME": server.username or None,
                "MAIL_PASSWORD": server.password or None,
                "MAIL_USE_TLS": server.use_tls,
                "MAIL_USE_SSL": server.use_ssl,
                "MAIL_DEBUG": 0,  # it would print secret links
            }
        )

    def connect(self) -> Connection:
        """A connection, to be used in `with`."""
        return PatientConnection(self.state)  # type: ignore[arg-type] # the state is what it wants


class PatientConnection(Connection):
    """Limits every wait, checks certificates, and does not fall over a server that hangs up first."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect, secure and sign in; raises OSError or SMTPException."""
        host = self._reach()
        try:
            self._introduce(host)
        except TROUBLE:
            host.close()
            raise
        return host

    def _reach(self) -> smtplib.SMTP:
        place = (self.mail.server, self.mail.port)
        if self.mail.use_ssl:
            return smtplib.SMTP_SSL(*place, timeout=TIMEOUT_S, context=ssl.create_default_context())
        return smtplib.SMTP(*place, timeout=TIMEOUT_S)

    def _introduce(self, host: smtplib.SMTP) -> None:
        if self.mail.use_tls:
            host.starttls(context=ssl.create_default_context())
        if self.mail.username:
            host.login(self.mail.username, self.mail.password)

    def send(self, message: Message, envelope_from: object = None) -> None:
        """One letter; the null return path, unless another is given, lets no bounce loop (RFC 3834 §3.3)."""
        if self.host is None:
            return
        recipients, options = [str(to) for to in message.send_to], []
        if not all(to.isascii() for to in recipients):
            self.host.ehlo_or_helo_if_needed()
            if not self.host.has_extn("smtputf8"):
                raise Unsendable("the mail server does not offer SMTPUTF8, which this address needs")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        self.host.sendmail(str(envelope_from or ""), recipients, message.as_bytes(), options)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say goodbye if anyone still listens: the letter is taken or lost already."""
        if self.host is None:
            return
        try:
            self.host.quit()
        except TROUBLE:
            self.host.close()
