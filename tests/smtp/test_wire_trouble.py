"""The server's or the account's trouble: nobody is used up, and the wire rests until it is told to go on."""

import socket

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.wire import Limits, Server, Wire
from tests.smtp.bag import BOB, Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.ports import free_socket
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault


class TestTheServersTrouble:
    """Each kind of it."""

    @pytest.mark.parametrize(
        ("step", "code"), [("banner", 554), ("banner", 421), ("ehlo", 451), ("mail", 451), ("mail", 550)]
    )
    def test_a_refusal_rests_the_wire(self, wire_to: WireMaker, step: str, code: int) -> None:
        bag = Bag(people(5))
        with SmtpServer() as server:
            server.add(step, code=code, text="closed today")
            wire = wire_to(server)
            turn_until(wire, bag, lambda: wire.resting and not wire.connections)
            tries = server.connections
            wire.turn(bag, 0)
            assert server.connections == tries
            assert bag.troubles == [(Step(step), code, "closed today")]
            assert len(bag.pile) == 5
            server.clear()
            wire.resume()
            settle(wire, bag)
        assert sorted(bag.accepted) == people(5)

    @pytest.mark.parametrize("step", ["banner", "ehlo", "mail"])
    def test_a_server_that_hangs_up_rests_the_wire(self, wire_to: WireMaker, step: str) -> None:
        bag = Bag(people(5))
        with SmtpServer() as server:
            server.add(step, do="cut")
            wire = wire_to(server)
            turn_until(wire, bag, lambda: wire.resting and not wire.connections)
        assert [(at, code) for at, code, _ in bag.troubles] == [(Step(step), 0)]
        assert len(bag.pile) == 5
        assert all(letter.returns == 0 for letter in bag.pile)

    def test_a_closed_port_rests_the_wire(self) -> None:
        closed = free_socket()
        port = closed.getsockname()[1]
        closed.close()
        bag = Bag(people(2))
        wire = Wire(Server("127.0.0.1", port))
        turn_until(wire, bag, lambda: wire.resting)
        assert bag.troubles == [(Step.CONNECT, 0, "Connection refused")]
        wire.close(bag, 0)

    def test_an_unknown_name_rests_the_wire(self) -> None:
        bag = Bag(people(2))
        # no question leaves this machine: a label of 64 letters is refused before anybody is asked
        wire = Wire(Server("x" * 64, 2525))
        turn_until(wire, bag, lambda: wire.resting)
        assert [(step, code) for step, code, _ in bag.troubles] == [(Step.CONNECT, 0)]
        wire.close(bag, 0)

    def test_where_one_address_is_dead_the_next_is_tried(self) -> None:
        bag = Bag(people(2))
        with SmtpServer() as server:
            wire = Wire(Server("localhost", server.port))  # ::1 comes first on most machines, and nobody is there
            settle(wire, bag)
            wire.close(bag, 1)
            assert len(server.letters) == 2

    def test_a_full_server_gets_fewer_connections(self, wire_to: WireMaker) -> None:
        bag = Bag(people(60))
        with SmtpServer(delay_s=0.005) as server:
            server.add("banner", code=421, text="too many from you", skip=2)
            wire = wire_to(server, limits=Limits(start=5, sweep_s=0.05))
            settle(wire, bag)
            assert len(server.faults) == 3
        assert bag.troubles == []
        assert len(bag.accepted) == 60


def test_a_server_that_talks_nonsense_is_trouble() -> None:
    with free_socket() as listener:
        bag = Bag([BOB])
        wire = Wire(Server("127.0.0.1", listener.getsockname()[1]))
        wire.turn(bag, 0)
        stranger: socket.socket = listener.accept()[0]
        stranger.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        turn_until(wire, bag, lambda: wire.resting)
        stranger.close()
        wire.close(bag, 0)
    assert bag.troubles == [(Step.BANNER, 0, "not an SMTP reply: SSH-2.0-OpenSSH_9.2")]
