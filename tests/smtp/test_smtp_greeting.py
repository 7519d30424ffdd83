"""From the banner to the first letter: what is offered, what is refused, what is never done in the clear."""

import dataclasses
from base64 import b64encode

import pytest

from mailer.mail.smtp.capabilities import Capabilities, offered
from mailer.mail.smtp.events import Step, Trouble
from mailer.mail.smtp.settings import Settings, Tls
from tests.smtp.conversation import EHLO, PLAIN_EHLO, Conversation

pytestmark = pytest.mark.usefixtures("cut")
ACCOUNT = Settings(username="us", password="secret", tls=Tls.IMPLICIT)
CLEAR_ACCOUNT = dataclasses.replace(ACCOUNT, tls=Tls.NONE, allow_clear_password=True)
AUTH = b"250-mx.example\r\n250 AUTH %b\r\n"


def greet(settings: Settings | None = None) -> Conversation:
    return Conversation(settings, ehlo=None)


def test_a_server_that_says_hello_is_ready() -> None:
    it = greet(Settings(helo_name="mail.example.test"))
    assert it.say(b"220 mx.example ESMTP\r\n") == b"EHLO mail.example.test\r\n"
    it.say(EHLO)
    assert it.talk.ready
    assert it.talk.wants_envelope
    assert it.talk.awaiting is None


def test_what_a_server_offers_is_read() -> None:
    text = "mx\nPIPELINING\nSize 35882577\n8BITMIME\nSMTPUTF8\nSTARTTLS\nAUTH=LOGIN\nAUTH PLAIN xoauth2\n\nX-NEW"
    assert offered(text) == Capabilities(
        pipelining=True,
        starttls=True,
        eight_bit=True,
        smtputf8=True,
        size=True,
        size_limit=35_882_577,
        auth=frozenset({"PLAIN", "LOGIN", "XOAUTH2"}),
    )


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE lots", "SIZE ٣", f"SIZE {'9' * 99}"])
def test_a_size_without_a_sensible_number_is_no_limit(size: str) -> None:
    assert offered(f"mx\n{size}").size_limit == 0


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (b"554 go away\r\n", Trouble(Step.BANNER, 554, "go away")),
        (b"421-too busy\r\n421 later\r\n", Trouble(Step.BANNER, 421, "too busy\nlater")),
        (b"HTTP/1.1 400 Bad Request\r\n", Trouble(Step.BANNER, 0, "not an SMTP reply: HTTP/1.1 400 Bad Request")),
    ],
)
def test_a_bad_banner_is_the_servers_trouble(said: bytes, trouble: Trouble) -> None:
    it = greet()
    it.say(said)
    assert it.news() == [trouble]
    assert it.talk.over


def test_a_reply_that_came_with_the_banner_answers_nothing() -> None:
    it = greet()
    it.say(b"220 hi\r\n250 too soon\r\n", at_once=True)
    assert it.news() == [Trouble(Step.EHLO, 0, "unasked: 250 too soon")]


def test_a_connection_lost_before_it_was_ready_is_trouble_at_that_step() -> None:
    it = greet()
    it.say(b"220 hi\r\n")
    it.lose("no answer")
    it.lose("once only")
    assert it.news() == [Trouble(Step.EHLO, 0, "no answer")]


def test_refused_ehlo_falls_back_to_helo_and_lockstep() -> None:
    it = greet()
    it.say(b"220 old\r\n")
    assert it.say(b"502 what?\r\n") == b"HELO localhost\r\n"
    it.say(b"250-old\r\n250 PIPELINING\r\n")
    assert it.talk.ready
    assert it.talk.capabilities == Capabilities()


@pytest.mark.parametrize("settings", [ACCOUNT, Settings(tls=Tls.STARTTLS)])
def test_helo_is_no_way_out_where_an_extension_is_needed(settings: Settings) -> None:
    it = greet(settings)
    if settings.tls is Tls.IMPLICIT:
        it.talk.secured()
    it.say(b"220 old\r\n")
    it.say(b"502 what?\r\n")
    assert it.news() == [Trouble(Step.EHLO, 502, "what?")]


@pytest.mark.parametrize("said", [b"450 later\r\n", b"502 no\r\n"])
def test_refused_hello_is_trouble(said: bytes) -> None:
    it = greet()
    it.say(b"220 hi\r\n")
    if said.startswith(b"5"):
        it.say(said)
    it.say(said)
    assert [(event.step, event.code) for event in it.news()] == [(Step.EHLO, int(said[:3]))]


class TestStartTls:
    """RFC 3207."""

    def begin(self, last: bytes) -> Conversation:
        it = greet(Settings(tls=Tls.STARTTLS))
        it.say(b"220 hi\r\n")
        assert it.say(b"250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
        it.say(last)
        return it

    def test_after_the_handshake_everything_is_asked_anew(self) -> None:
        it = self.begin(b"220 go\r\n")
        assert it.talk.greeting.tls_wanted
        it.talk.secured()
        assert it.written() == b"EHLO localhost\r\n"
        it.say(PLAIN_EHLO)
        assert it.talk.ready
        assert not it.talk.capabilities.pipelining

    @pytest.mark.parametrize("injected", [b"250 ok\r\n", b"2", b"250-x\r\n"])
    def test_bytes_sent_before_the_handshake_end_the_connection(self, injected: bytes) -> None:
        it = self.begin(b"220 go\r\n" + injected)
        assert it.talk.over
        assert [(event.step, event.code) for event in it.news()] == [(Step.STARTTLS, 0)]

    def test_refused_it_never_goes_on_in_the_clear(self) -> None:
        assert self.begin(b"454 not now\r\n").news() == [Trouble(Step.STARTTLS, 454, "not now")]

    def test_not_offered_it_never_goes_on_in_the_clear(self) -> None:
        it = greet(Settings(tls=Tls.STARTTLS))
        it.say(b"220 hi\r\n")
        assert it.say(EHLO) == b""
        assert it.news() == [Trouble(Step.STARTTLS, 0, "the server offers no STARTTLS")]

    def test_tls_from_the_first_byte_waits_for_the_handshake(self) -> None:
        it = greet(Settings(tls=Tls.IMPLICIT))
        assert it.talk.greeting.tls_wanted
        assert it.talk.awaiting is Step.STARTTLS
        it.talk.secured()
        assert it.say(b"220 hi\r\n") == b"EHLO localhost\r\n"


class TestSigningIn:
    """RFC 4954."""

    def hello(self, mechanisms: bytes, settings: Settings = CLEAR_ACCOUNT) -> tuple[Conversation, bytes]:
        it = greet(settings)
        it.say(b"220 hi\r\n")
        return it, it.say(AUTH % mechanisms)

    def test_plain_is_preferred(self) -> None:
        it, said = self.hello(b"LOGIN PLAIN")
        assert said == b"AUTH PLAIN " + b64encode(b"\0us\0secret") + b"\r\n"
        it.say(b"235 welcome\r\n")
        assert it.talk.ready

    def test_plain_is_said_once_more_where_the_server_asks(self) -> None:
        it, _ = self.hello(b"PLAIN")
        assert it.say(b"334 \r\n") == b64encode(b"\0us\0secret") + b"\r\n"

    def test_login_answers_two_questions(self) -> None:
        it, said = self.hello(b"LOGIN")
        assert said == b"AUTH LOGIN\r\n"
        assert it.say(b"334 VXNlcm5hbWU6\r\n") == b64encode(b"us") + b"\r\n"
        assert it.say(b"334 UGFzc3dvcmQ6\r\n") == b64encode(b"secret") + b"\r\n"
        assert it.say(b"334 more?\r\n") == b""
        assert it.news() == [Trouble(Step.AUTH, 334, "more?")]

    def test_refused_it_is_the_accounts_trouble(self) -> None:
        it, _ = self.hello(b"PLAIN")
        it.say(b"535 5.7.8 no\r\n")
        assert it.news() == [Trouble(Step.AUTH, 535, "5.7.8 no")]

    def test_the_password_is_never_sent_in_the_clear(self) -> None:
        it, said = self.hello(b"PLAIN", dataclasses.replace(CLEAR_ACCOUNT, allow_clear_password=False))
        assert said == b""
        assert it.news() == [Trouble(Step.AUTH, 0, "no TLS: the password is not sent in the clear")]

    def test_an_unknown_mechanism_is_trouble(self) -> None:
        it, said = self.hello(b"XOAUTH2")
        assert said == b""
        assert [(event.step, event.code) for event in it.news()] == [(Step.AUTH, 0)]

    def test_the_password_shows_in_no_repr(self) -> None:
        assert "secret" not in repr(ACCOUNT)
