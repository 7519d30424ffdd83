"""Mishaps of connections and of the loop: what is gone is let go of, what was given back is never written."""

import socket
import time

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Settings, Tls
from mailer.mail.wire import Limits, Server, Wire
from mailer.mail.wire.line import Line
from tests.smtp.bag import Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.smtp.peer import hears
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault
ALL = 400


def test_a_connection_that_is_reset_behind_the_220_is_let_go_of() -> None:
    """The descriptor is closed while TLS is laid around it: whoever gets its number next must not be disturbed."""
    bag = Bag(people(3))
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server("127.0.0.1", door.getsockname()[1], Settings(tls=Tls.STARTTLS))
        wire = Wire(server, limits=Limits(start=1, connections=1))
        wire.turn(bag, 0)
        peer, _address = door.accept()
        peer.sendall(b"220 hi\r\n")
        hears(wire, bag, peer, b"EHLO")
        peer.sendall(b"250-hi\r\n250 STARTTLS\r\n")
        hears(wire, bag, peer, b"STARTTLS")
        peer.sendall(b"220 go ahead\r\n")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        time.sleep(0.05)  # the 220 and the reset are both there
        turn_until(wire, bag, lambda: wire.resting)
    assert not wire.connections
    assert len(bag.pile) == 3
    wire.close(bag, 0)


def test_where_one_address_is_silent_the_next_is_tried(
    hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = Bag(people(5))
    with SmtpServer() as server, monkeypatch.context() as names:  # only ours: the server asks for itself when it stops
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in (hole, (server.host, server.port))]
        names.setattr(socket, "getaddrinfo", lambda *_args, **_facts: found)
        wire = Wire(Server("mail.test", 25), limits=Limits(connect_s=0.2, sweep_s=0.05))
        settle(wire, bag)
        wire.close(bag, 0)
    assert sorted(bag.accepted) == people(5)
    assert bag.troubles == []


def kept_when_it_breaks_off(wire_to: WireMaker, bag: Bag) -> list[str]:
    """Whose letters the server has in the end."""
    with SmtpServer() as server:
        wire = wire_to(server, limits=Limits(start=4, connections=4))
        with pytest.raises(MemoryError):
            settle(wire, bag)
        wire.close(bag, 0)
        time.sleep(0.1)  # for what must not come
        return server.recipients()


def test_a_loop_that_breaks_off_writes_nothing_that_it_gives_back(
    wire_to: WireMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag, flush, flushes = Bag(people(ALL)), Line.flush, 0

    def breaking(line: Line) -> object:
        nonlocal flushes
        flushes += line.dialogue.current is not None
        if flushes == 3:
            flushes += 1
            raise MemoryError
        return flush(line)

    monkeypatch.setattr(Line, "flush", breaking)
    kept = kept_when_it_breaks_off(wire_to, bag)
    given_back = {recipient for recipient, _untouched in bag.came_back}
    assert given_back
    assert not given_back & set(kept)
    assert len(kept) == len(set(kept))


@pytest.mark.parametrize("where", ["taken", "bodies", "next_letters"])
def test_a_loop_that_breaks_off_in_a_round_tells_no_letters_end_twice(wire_to: WireMaker, where: str) -> None:
    bag, calls = Bag(people(ALL)), 0
    usual = getattr(bag, where)

    def breaking(*facts: object) -> object:
        nonlocal calls
        calls += 1
        told = usual(*facts)
        if calls == 40:
            raise MemoryError
        return told

    setattr(bag, where, breaking)
    kept = kept_when_it_breaks_off(wire_to, bag)
    assert bag.accepted
    assert set(bag.ends.values()) == {1}
    given_back = {recipient for recipient, _untouched in bag.came_back}
    assert not given_back & set(kept)
    assert set(bag.accepted) <= set(kept)
    assert len(kept) == len(set(kept))


def test_a_server_that_lets_everybody_in_and_answers_nobody_rests_the_wire(wire_to: WireMaker) -> None:
    bag = Bag(people(500))
    with SmtpServer() as server:
        server.add("rcpt", code=421, text="4.3.2 not now")
        wire = wire_to(server)
        turn_until(wire, bag, lambda: wire.resting and not wire.connections)
        tries = server.connections
        assert bag.troubles == [(Step.RCPT, 421, "4.3.2 not now")]
        assert tries < 50
        server.clear()
        wire.resume()
        turn_until(wire, bag, lambda: bag.settled)
    assert len(bag.accepted) + len(bag.gave_up) == 500
    assert len(bag.gave_up) <= tries / 3
