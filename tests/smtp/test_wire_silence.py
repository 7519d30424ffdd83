"""Servers that fall silent: every step has its limit, nobody is used up before the body, and no line stays behind."""

import time
from typing import Any

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Tls
from mailer.mail.wire import Limits, Server, Wire
from tests.smtp.bag import BOB, LONGER_THAN_ANY_BUFFER, Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault
ACCOUNT = {"username": "us", "password": "secret", "allow_clear_password": True}
SOON_S = 3.0


def after(limit_s: float, *steps: str, **limits: Any) -> Limits:
    """One line; so long for these steps."""
    facts = {f"{step}_s": limit_s for step in steps}
    return Limits(**{"start": 1, "connections": 1, "sweep_s": 0.02} | facts | limits)


class TestBeforeALetter:
    """It is the server's trouble, or the account's: nobody is used up, and the wire rests."""

    @pytest.mark.parametrize(
        ("step", "tls"),
        [
            ("banner", Tls.NONE),
            ("banner", Tls.IMPLICIT),
            ("ehlo", Tls.NONE),
            ("starttls", Tls.STARTTLS),
            ("tls", Tls.STARTTLS),
            ("tls", Tls.IMPLICIT),
            ("auth", Tls.NONE),
            ("auth", Tls.IMPLICIT),
            ("mail", Tls.NONE),
        ],
    )
    def test_the_wire_rests_until_the_server_speaks_again(self, wire_to: WireMaker, step: str, tls: Tls) -> None:
        bag, at = Bag(people(3)), Step.STARTTLS if step == "tls" else Step(step)
        with SmtpServer(tls=tls.value, users={"us": "secret"}) as server:
            server.add(step, do="hang")
            limits, context = after(0.1, at, start=3, connections=3), server.client_context()
            wire = wire_to(server, limits=limits, host="localhost", context=context, tls=tls, **ACCOUNT)
            turn_until(wire, bag, lambda: wire.resting and not wire.connections, timeout_s=SOON_S)
            assert bag.troubles == [(at, 0, f"no progress in answering {at} for 0.1 s")]
            assert [letter.returns for letter in bag.pile] == [0, 0, 0]
            assert server.letters == []
            server.clear()
            wire.resume()
            settle(wire, bag)
        assert sorted(bag.accepted) == people(3)

    def test_a_server_that_takes_no_connection_is_not_waited_for(self, hole: tuple[str, int]) -> None:
        bag = Bag(people(3))
        wire = Wire(Server(*hole), limits=after(0.1, "connect", start=3, connections=3))
        turn_until(wire, bag, lambda: wire.resting and not wire.connections, timeout_s=SOON_S)
        wire.close(bag, 0)
        assert bag.troubles == [(Step.CONNECT, 0, "no connection within 0.1 s")]
        assert [letter.returns for letter in bag.pile] == [0, 0, 0]


class TestWithinALetter:
    """The line is closed, what was begun on it goes out on the next one, and the wire does not rest."""

    @pytest.mark.parametrize("pipelining", [True, False])
    @pytest.mark.parametrize("step", ["rcpt", "data"])
    def test_before_the_body_it_is_sent_again(self, wire_to: WireMaker, step: str, pipelining: bool) -> None:
        bag = Bag([*people(2), BOB, *people(4)[2:]])
        with SmtpServer(pipelining=pipelining) as server:
            server.add(step, BOB, do="hang", times=1)
            settle(wire_to(server, limits=after(0.1, step)), bag)
            assert sorted(server.recipients()) == sorted([BOB, *people(4)])
            assert server.connections == 2
        assert bag.came_back == [(BOB, True)]
        assert bag.troubles == []

    @pytest.mark.parametrize("pipelining", [True, False])
    def test_at_a_reset_the_next_letter_is_sent_again(self, wire_to: WireMaker, pipelining: bool) -> None:
        bag = Bag([*people(2), BOB, *people(4)[2:]])
        with SmtpServer(pipelining=pipelining) as server:
            server.add("rcpt", BOB, code=550, text="nobody here")
            server.add("rset", do="hang", times=1)
            settle(wire_to(server, limits=after(0.1, "rset")), bag)
            assert [fault.step for fault in server.faults] == ["rcpt", "rset"]
            assert sorted(server.recipients()) == people(4)
            assert server.connections == 2
        assert bag.answers[BOB] == (Step.RCPT, 550, "nobody here")
        assert bag.came_back == [("p2@example.test", True)]
        assert bag.troubles == []

    def test_at_the_lone_dot_after_a_refused_recipient_the_next_letter_is_sent_again(self, wire_to: WireMaker) -> None:
        bag = Bag([*people(2), BOB, *people(4)[2:]])
        with SmtpServer(data_anyway=True) as server:
            server.add("rcpt", BOB, code=550, text="nobody here")
            server.add("dot", BOB, do="hang")
            settle(wire_to(server, limits=after(0.1, "void")), bag)
            assert [fault.step for fault in server.faults] == ["rcpt", "dot"]
            assert sorted(server.recipients()) == people(4)
            assert server.connections == 2
        assert bag.answers[BOB] == (Step.RCPT, 550, "nobody here")
        assert bag.came_back == [("p2@example.test", True)]
        assert bag.unknown == {}

    def test_after_the_body_nobody_knows(self, wire_to: WireMaker) -> None:
        bag = Bag([BOB])
        with SmtpServer() as server:
            server.add("dot", do="hang", kept=True)
            settle(wire_to(server, limits=after(0.1, "dot")), bag)
        assert bag.unknown == {BOB: "no progress in answering dot for 0.1 s"}

    def test_a_reader_that_stops_reading_leaves_it_certain(self, wire_to: WireMaker) -> None:
        bag = Bag([BOB], letter=LONGER_THAN_ANY_BUFFER)
        with SmtpServer(size=0) as server:
            server.add("body", do="hang")
            wire = wire_to(server, limits=after(0.1, "body"))
            turn_until(wire, bag, lambda: bag.came_back)
            wire.stop_taking()
        assert bag.came_back[0] == (BOB, False)
        assert bag.unknown == {}

    def test_a_slow_server_is_not_a_silent_one(self, wire_to: WireMaker) -> None:
        bag = Bag(people(3))
        with SmtpServer() as server:
            server.add("dot", do="wait", delay_s=0.06)
            settle(wire_to(server, limits=after(5, "dot", sweep_s=0.01)), bag)
        assert len(bag.accepted) == 3
        assert min(bag.took_ms.values()) >= 60


class TestAtTheGoodbye:
    """Nobody is in hand: it costs the line alone, and little time."""

    def test_an_unused_line_is_closed_all_the_same(self, wire_to: WireMaker) -> None:
        bag, later = Bag(people(2)), Bag(people(2))
        with SmtpServer() as server:
            server.add("quit", do="hang")
            wire = wire_to(server, limits=after(0.1, "quit", idle_s=0.05))
            turn_until(wire, bag, lambda: bag.settled and not wire.connections, timeout_s=SOON_S)
            assert [fault.step for fault in server.faults] == ["quit"]
            settle(wire, later)
            assert len(server.letters) == 4
        assert bag.troubles == later.troubles == []

    def test_after_a_lines_last_letter_the_next_line_is_opened(self, wire_to: WireMaker) -> None:
        bag = Bag(people(6))
        with SmtpServer() as server:
            server.add("quit", do="hang")
            settle(wire_to(server, limits=after(0.1, "quit"), letters_per_connection=2), bag)
            assert sorted(server.recipients()) == people(6)
            assert server.connections == 3
        assert (bag.came_back, bag.troubles) == ([], [])

    def test_a_stop_does_not_wait_for_it(self, wire_to: WireMaker) -> None:
        bag = Bag(people(6))
        with SmtpServer() as server:
            server.add("quit", do="hang")
            wire = wire_to(server, limits=after(600, "quit", "idle", start=3, connections=3))
            settle(wire, bag)
            began_s = time.monotonic()
            wire.close(bag, 600)
            assert time.monotonic() - began_s < SOON_S
            assert {fault.step for fault in server.faults} == {"quit"}
        assert not wire.connections
