"""TLS with certificate and name checked, and passwords that travel only inside it."""

import ssl

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Tls
from mailer.mail.wire import Limits
from tests.smtp.bag import Bag, people, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

BOTH = pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
USERS = {"us": "secret"}


@BOTH
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_letters_travel_signed_in_and_secured(wire_to: WireMaker, tls: Tls, mechanism: str) -> None:
    bag = Bag(people(40))
    with SmtpServer(tls=tls.value, users=USERS, mechanisms=[mechanism]) as server:
        wire = wire_to(
            server, host="localhost", context=server.client_context(), tls=tls, username="us", password="secret"
        )
        turn_until(wire, bag, lambda: bag.settled)
        assert len(server.letters) == 40
    assert bag.ends == bag.pulled


@BOTH
def test_a_large_letter_travels_secured(wire_to: WireMaker, tls: Tls) -> None:
    bag = Bag(people(3), letter=b"Subject: large\r\n\r\n" + b"0123456789\r\n" * 200_000)
    with SmtpServer(tls=tls.value) as server:
        wire = wire_to(server, host="localhost", context=server.client_context(), tls=tls)
        turn_until(wire, bag, lambda: bag.settled)
        assert {letter.raw for letter in server.letters} == {bag.letter}


@BOTH
def test_an_unknown_certificate_is_trouble(wire_to: WireMaker, tls: Tls) -> None:
    bag = Bag(people(2))
    with SmtpServer(tls=tls.value) as server:
        wire = wire_to(server, host="localhost", tls=tls)
        turn_until(wire, bag, lambda: wire.resting)
        assert server.letters == []
    (step, code, text) = bag.troubles[0]
    assert (step, code) == (Step.STARTTLS, 0)
    assert "certificate" in text.lower()


@BOTH
def test_a_certificate_for_another_name_is_trouble(wire_to: WireMaker, tls: Tls) -> None:
    bag = Bag(people(2))
    with SmtpServer(tls=tls.value, certificate_for="other.test") as server:
        wire = wire_to(server, host="localhost", context=server.client_context(), tls=tls)
        turn_until(wire, bag, lambda: wire.resting)
    assert "localhost" in bag.troubles[0][2]


def test_bytes_injected_before_the_handshake_are_trouble(wire_to: WireMaker) -> None:
    bag = Bag(people(2))
    with SmtpServer(tls="starttls") as server:
        server.add("starttls", do="raw", text="220 go\r\n250 injected\r\n")
        wire = wire_to(server, host="localhost", context=server.client_context(), tls=Tls.STARTTLS)
        turn_until(wire, bag, lambda: wire.resting)
    assert bag.troubles[0][:2] == (Step.STARTTLS, 0)


def test_a_wrong_password_is_the_accounts_trouble(wire_to: WireMaker) -> None:
    bag = Bag(people(2))
    with SmtpServer(tls="implicit", users=USERS) as server:
        context: ssl.SSLContext = server.client_context()
        wire = wire_to(server, host="localhost", context=context, tls=Tls.IMPLICIT, username="us", password="wrong")
        turn_until(wire, bag, lambda: wire.resting)
    assert bag.troubles == [(Step.AUTH, 535, "who are you?")]


def test_a_password_is_not_sent_in_the_clear(wire_to: WireMaker) -> None:
    bag = Bag(people(2))
    with SmtpServer(users=USERS) as server:
        wire = wire_to(server, limits=Limits(start=1), username="us", password="secret")
        turn_until(wire, bag, lambda: wire.resting)
        assert not [line for _, line in server.commands if line.startswith("AUTH")]
    assert bag.troubles[0][:2] == (Step.AUTH, 0)
