"""Servers that say more than was asked for, or hang up beside their last words: all is heard before the next step."""

import socket
import threading
from collections.abc import Iterator

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Settings, Tls
from mailer.mail.wire import Limits, Server, Wire
from mailer.mail.wire.line import SIP
from tests.smtp.bag import Bag, people, turn_until
from tests.smtp.peer import hears
from tests.support import certificates

pytestmark = pytest.mark.fault
TAKEN, ENVELOPE_TAKEN = b"250 taken\r\n", b"250 a\r\n250 b\r\n354 go\r\n"
FIRST, SECOND = people(2)
LIMITS = Limits(start=1, connections=1, dot_s=0.3, sweep_s=0.05)


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def wire_to(door: socket.socket, tls: Tls = Tls.NONE) -> Wire:
    server = Server("127.0.0.1", door.getsockname()[1], Settings(tls=tls))
    return Wire(server, limits=LIMITS, context=certificates.client_context("localhost"))


def let_in(wire: Wire, bag: Bag, door: socket.socket, *, is_tls: bool = False) -> socket.socket:
    """The peer, to whom everything was said up to EHLO."""
    wire.turn(bag, 0)
    peer, _address = door.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if is_tls:
        context = certificates.server_context("localhost")
        peer = context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
        shakes = threading.Thread(target=peer.do_handshake)
        shakes.start()
        while shakes.is_alive():
            wire.turn(bag, 0.01)
    peer.sendall(b"220 hi\r\n")
    hears(wire, bag, peer, b"EHLO")
    return peer


def in_full_flow(wire: Wire, bag: Bag, door: socket.socket, *, is_tls: bool = False) -> socket.socket:
    """The peer, who has the first letter and the second one's envelope and owes four replies."""
    peer = let_in(wire, bag, door, is_tls=is_tls)
    peer.sendall(b"250-hi\r\n250 PIPELINING\r\n")
    hears(wire, bag, peer, b"DATA\r\n")
    peer.sendall(ENVELOPE_TAKEN)
    hears(wire, bag, peer, b"DATA\r\n")
    return peer


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.IMPLICIT])
def test_no_body_is_given_out_behind_a_farewell(door: socket.socket, tls: Tls) -> None:
    bag, wire = Bag([FIRST, SECOND]), wire_to(door, tls)
    peer = in_full_flow(wire, bag, door, is_tls=tls is not Tls.NONE)
    peer.sendall(TAKEN + ENVELOPE_TAKEN)
    peer.close()
    turn_until(wire, bag, lambda: bag.came_back)
    assert bag.accepted == [FIRST]
    assert bag.came_back == [(SECOND, True)]
    assert bag.unknown == {}
    wire.close(bag, 0)


@pytest.mark.parametrize("length", [SIP - 1, SIP, SIP + 1])
def test_what_follows_as_much_as_is_read_at_once_is_heard(door: socket.socket, length: int) -> None:
    bag, wire = Bag([FIRST, SECOND]), wire_to(door)
    peer = in_full_flow(wire, bag, door)
    replies = b"250 taken" + b"x" * (length - len(TAKEN + ENVELOPE_TAKEN)) + b"\r\n" + ENVELOPE_TAKEN
    assert len(replies) == length
    peer.sendall(replies + b"421 going down\r\n")
    turn_until(wire, bag, lambda: bag.came_back)
    assert bag.accepted == [FIRST]
    assert bag.came_back == [(SECOND, True)]
    wire.close(bag, 0)
    peer.close()


def test_who_lets_us_in_and_hangs_up_is_trouble_at_once(door: socket.socket) -> None:
    bag, wire = Bag([FIRST, SECOND]), wire_to(door)
    peer = let_in(wire, bag, door)
    peer.sendall(b"250-hi\r\n250 PIPELINING\r\n")
    peer.close()
    turn_until(wire, bag, lambda: wire.resting)
    assert [step for step, _code, _text in bag.troubles] == [Step.MAIL]
    door.setblocking(False)
    with pytest.raises(BlockingIOError):
        door.accept()
    wire.close(bag, 0)


def test_words_that_nobody_told_of_are_heard_before_the_time_is_up(door: socket.socket) -> None:
    bag, wire = Bag([FIRST, SECOND]), wire_to(door)
    peer = in_full_flow(wire, bag, door)
    peer.sendall(b"250 ta")
    peer.send(b"!", socket.MSG_OOB)  # an urgent octet ends what is read in one go
    peer.sendall(b"ken\r\n" + ENVELOPE_TAKEN)
    turn_until(wire, bag, lambda: bag.accepted or bag.unknown)
    assert bag.accepted == [FIRST]
    assert bag.unknown == {}
    wire.close(bag, 0)
    peer.close()
