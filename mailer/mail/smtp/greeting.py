"""From the connection to the first MAIL: banner, EHLO or HELO, STARTTLS, AUTH.

Never signs in over a clear line unless the settings say so, never falls back from TLS to clear text.
"""

from collections.abc import Iterator

from mailer.mail.smtp import login
from mailer.mail.smtp.capabilities import Capabilities, offered
from mailer.mail.smtp.events import Step
from mailer.mail.smtp.replies import readable
from mailer.mail.smtp.settings import Settings, Tls


class RefusedError(Exception):
    """The server, or our own caution, ends the greeting; code 0 when no reply did."""

    def __init__(self, step: Step, code: int, text: str) -> None:
        super().__init__(text)
        self.step, self.code, self.text = step, code, text


class Greeting:
    """Each method returns what to say next; empty bytes: nothing, wait or be ready."""

    __slots__ = ("_lines", "_said_helo", "_secure", "_settings", "capabilities", "ready", "step", "tls_wanted")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secure = False
        self._said_helo = False
        self._lines: Iterator[bytes] = iter(())
        self.capabilities = Capabilities()
        self.step = Step.CONNECT
        self.tls_wanted = False
        self.ready = False

    def connected(self) -> None:
        """The socket stands: TLS comes first, or the server's banner."""
        self.tls_wanted = self._settings.tls is Tls.IMPLICIT
        self.step = Step.STARTTLS if self.tls_wanted else Step.BANNER

    def secured(self) -> bytes:
        """The TLS handshake is over and the certificate was good."""
        self.tls_wanted = False
        self._secure = True
        if self._settings.tls is Tls.IMPLICIT:
            self.step = Step.BANNER
            return b""
        # RFC 3207 §4.2: what was learned in the clear is forgotten
        self.capabilities = Capabilities()
        return self._hello(b"EHLO")

    def answer(self, code: int, raw: bytes) -> bytes:
        """The reply to what was said last; raises RefusedError."""
        if self.step is Step.BANNER:
            return self._hello(b"EHLO") if code == 220 else self._refuse(code, raw)
        if self.step is Step.EHLO:
            return self._answer_hello(code, raw)
        if self.step is Step.STARTTLS:
            self.tls_wanted = code == 220
            return b"" if self.tls_wanted else self._refuse(code, raw)
        return self._answer_auth(code, raw)

    def _hello(self, word: bytes) -> bytes:
        self.step = Step.EHLO
        return b"%b %b\r\n" % (word, self._settings.helo_name.encode())

    def _answer_hello(self, code: int, raw: bytes) -> bytes:
        if 200 <= code < 300:
            if not self._said_helo:
                self.capabilities = offered(readable(raw, limit=len(raw)))
            return self._go_on()
        needs_ehlo = self._settings.tls is Tls.STARTTLS or self._settings.username
        if code < 500 or self._said_helo or needs_ehlo:
            return self._refuse(code, raw)
        self._said_helo = True
        return self._hello(b"HELO")

    def _go_on(self) -> bytes:
        if self._settings.tls is Tls.STARTTLS and not self._secure:
            self.step = Step.STARTTLS
            if not self.capabilities.starttls:
                raise RefusedError(Step.STARTTLS, 0, "the server offers no STARTTLS")
            return b"STARTTLS\r\n"
        if self._settings.username:
            self.step = Step.AUTH
            return self._sign_in()
        self._done()
        return b""

    def _sign_in(self) -> bytes:
        if not (self._secure or self._settings.allow_clear_password):
            raise RefusedError(Step.AUTH, 0, "no TLS: the password is not sent in the clear")
        for mechanism in login.MECHANISMS:
            if mechanism in self.capabilities.auth:
                self._lines = login.lines(mechanism, self._settings.username, self._settings.password)
                return next(self._lines)
        raise RefusedError(Step.AUTH, 0, "the server offers neither AUTH PLAIN nor AUTH LOGIN")

    def _answer_auth(self, code: int, raw: bytes) -> bytes:
        if code == 334:
            line = next(self._lines, b"")
            return line or self._refuse(code, raw)
        if code != 235:
            return self._refuse(code, raw)
        self._done()
        return b""

    def _done(self) -> None:
        self.step = Step.MAIL
        self.ready = True

    def _refuse(self, code: int, raw: bytes) -> bytes:
        raise RefusedError(self.step, code, readable(raw))
