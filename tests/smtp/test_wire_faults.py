"""Servers that hang up or cut lines: what is certain, what is unknown, whose fault it is."""

import socket
import time
from collections.abc import Sequence

import pytest

from mailer.mail.smtp.events import Event
from mailer.mail.wire import Limits
from mailer.mail.wire.line import Line
from mailer.mail.wire.quota import PROBE_EVERY
from tests.smtp.bag import BOB, LONGER_THAN_ANY_BUFFER, Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

ONE = Limits(start=1, connections=1, sweep_s=0.02)

pytestmark = pytest.mark.fault


@pytest.mark.parametrize("how", ["cut", "reset"])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_cut_before_the_body_it_is_sent_again(wire_to: WireMaker, step: str, how: str) -> None:
    bag = Bag(people(20))
    with SmtpServer() as server:
        server.add(step, do=how, skip=4, times=1)
        server.add(step, do=how, skip=12, times=1)
        settle(wire_to(server, limits=ONE), bag)
        assert sorted(server.recipients()) == sorted(people(20))
        assert len(server.faults) == 2
    assert bag.unknown == {}
    assert [untouched for _, untouched in bag.came_back] == [True, True]


@pytest.mark.parametrize("how", ["cut", "reset"])
def test_cut_within_a_body_it_is_sent_again(wire_to: WireMaker, how: str) -> None:
    bag = Bag([BOB], letter=LONGER_THAN_ANY_BUFFER)
    with SmtpServer(size=0) as server:
        server.add("body", do=how, times=1)
        settle(wire_to(server, limits=ONE), bag)
        assert server.recipients() == [BOB]
    assert bag.came_back == [(BOB, False)]


def test_cut_within_a_body_that_the_kernel_had_taken_nobody_knows(wire_to: WireMaker) -> None:
    bag = Bag([BOB])
    with SmtpServer() as server:
        server.add("body", do="cut")
        settle(wire_to(server, limits=ONE), bag)
        assert server.letters == []
    assert list(bag.unknown) == [BOB]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("how", ["cut", "reset"])
def test_cut_after_the_final_dot_nobody_knows(wire_to: WireMaker, how: str, kept: bool) -> None:
    bag = Bag([*people(5), BOB, *people(9)[5:]])
    with SmtpServer() as server:
        server.add("dot", BOB, do=how, kept=kept)
        settle(wire_to(server, limits=ONE), bag)
        assert server.recipients().count(BOB) == kept
        assert sorted(set(server.recipients()) - {BOB}) == people(9)
        assert len(server.letters) == 9 + kept
    assert list(bag.unknown) == [BOB]
    assert bag.pulled[BOB] == 1


def test_a_line_that_breaks_under_the_pen_costs_no_letter(
    wire_to: WireMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag, real, broken = Bag(people(20)), Line.write, list[Line]()

    def write(line: Line, data: bytes) -> Sequence[Event]:
        if len(bag.accepted) == 3 and not broken:
            broken.append(line)
            line._sock.shutdown(socket.SHUT_WR)
        return real(line, data)

    monkeypatch.setattr(Line, "write", write)
    with SmtpServer() as server:
        settle(wire_to(server, limits=ONE), bag)
        assert sorted(server.recipients()) == sorted(people(20))
    assert [untouched for _, untouched in bag.came_back] == [False, True]
    assert bag.unknown == {}


def test_a_letter_that_always_kills_the_line_is_given_up_after_three_times(wire_to: WireMaker) -> None:
    bag = Bag([*people(3), BOB])
    with SmtpServer() as server:
        server.add("rcpt", BOB, code=421)
        settle(wire_to(server, limits=ONE), bag)
    assert bag.gave_up == [BOB]
    assert bag.pulled[BOB] == 3
    assert bag.troubles == []


class TestServersThatCloseAfterSoManyLetters:
    """They close without reading on; the wire learns and says goodbye first."""

    @pytest.mark.parametrize("pipelining", [True, False])
    def test_the_limit_is_learned(self, wire_to: WireMaker, pipelining: bool) -> None:
        bag = Bag(people(80))
        with SmtpServer(close_after=8, pipelining=pipelining) as server:
            wire = wire_to(server, limits=Limits(start=1, connections=2, sweep_s=0.05))
            settle(wire, bag)
            # in lockstep the end is mostly seen beside the last reply: then it costs nothing, and there is no lesson
            assert wire.letters_per_connection == 8 or not (pipelining or bag.came_back)
            assert sorted(set(server.recipients())) == sorted(people(80))
            assert len(server.letters) == 80
        assert len(bag.unknown) <= 2

    def test_later_connections_cost_no_reply(self, wire_to: WireMaker) -> None:
        bag, later = Bag(people(20)), Bag(people(300))
        with SmtpServer(close_after=6) as server:
            wire = wire_to(server, limits=ONE)
            settle(wire, bag)
            settle(wire, later)
            assert wire.letters_per_connection == 6
        assert later.unknown == {}
        assert len(later.came_back) <= 300 / 6 / PROBE_EVERY + 1

    def test_the_replies_that_had_arrived_still_count(self, wire_to: WireMaker) -> None:
        bag = Bag(people(12))
        with SmtpServer() as server:
            server.add("mail", do="cut", skip=5)
            wire = wire_to(server, limits=ONE)
            turn_until(wire, bag, lambda: bag.came_back)
            wire.stop_taking()
            assert len(server.letters) == len(bag.accepted) == 5


class TestStopping:
    """A gentle stop finishes what is on the wire."""

    def test_close_waits_for_the_replies_and_says_goodbye(self, wire_to: WireMaker) -> None:
        bag = Bag(people(50))
        with SmtpServer(delay_s=0.02) as server:
            wire = wire_to(server)
            turn_until(wire, bag, lambda: len(bag.accepted) >= 5)
            wire.close(bag, 5)
            assert len(server.letters) == len(bag.accepted)
            assert [line for _, line in server.commands].count("QUIT") == server.connections
        assert bag.ends == bag.pulled
        assert bag.unknown == {}

    def test_a_silent_server_costs_one_unanswered_letter_per_connection(self, wire_to: WireMaker) -> None:
        bag = Bag(people(50))
        with SmtpServer() as server:
            server.add("dot", do="hang", skip=10)
            wire = wire_to(server, limits=Limits(start=3, connections=3))
            turn_until(wire, bag, lambda: len(server.faults) == 3)
            wire.close(bag, 0.05)
        assert len(bag.unknown) == 3
        assert bag.ends == bag.pulled

    def test_no_letter_is_begun_after_stop_taking(self, wire_to: WireMaker) -> None:
        bag = Bag(people(50))
        with SmtpServer(delay_s=0.01) as server:
            wire = wire_to(server)
            turn_until(wire, bag, lambda: bag.accepted)
            wire.stop_taking()
            pulled = bag.pulled.total()
            turn_until(wire, bag, lambda: not wire.in_flight)
            assert bag.pulled.total() == pulled


def test_another_thread_ends_the_wait(wire_to: WireMaker) -> None:
    with SmtpServer() as server:
        wire = wire_to(server, limits=Limits(sweep_s=30))
        wire.wake()
        began_s = time.monotonic()
        wire.turn(Bag([]), 20)
        assert time.monotonic() - began_s < 15
