"""Both pollers say the same about the same sockets, but for what is told once or apart only where that can be done."""

import socket
import sys
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from mailer.mail.wire.poller import ONCE, QUICK, Poller, SelectorPoller, open_poller


@pytest.fixture(params=[open_poller, SelectorPoller])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made: Poller = request.param()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


NOBODY: tuple[list[str], list[tuple[str, int]]] = [], []


def test_what_was_sent_can_be_read(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), EVENT_READ, "ours")
    assert poller.wait(0) == NOBODY
    theirs.send(b"hello")
    assert poller.wait(1) == ([], [("ours", EVENT_READ)])


def test_only_what_is_watched_is_told(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.send(b"hello")
    poller.register(ours.fileno(), EVENT_WRITE, "ours")
    assert poller.wait(1) == ([], [("ours", EVENT_WRITE)])
    poller.modify(ours.fileno(), EVENT_READ | EVENT_WRITE, "both")
    assert poller.wait(1) == ([], [("both", EVENT_READ | EVENT_WRITE)])
    poller.unregister(ours.fileno())
    assert poller.wait(0) == NOBODY


def test_a_broken_socket_can_do_what_it_is_watched_for(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    theirs.close()
    poller.register(ours.fileno(), EVENT_READ, "ours")
    assert poller.wait(1) == ([], [("ours", EVENT_READ)])
    poller.modify(ours.fileno(), EVENT_WRITE, "ours")
    assert poller.wait(1) == ([], [("ours", EVENT_WRITE)])


@pytest.mark.parametrize("once", [0, ONCE])
def test_quick_ones_are_told_by_themselves(
    poller: Poller, pair: tuple[socket.socket, socket.socket], once: int
) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), EVENT_READ, "ours")
    poller.modify(ours.fileno(), EVENT_READ | QUICK | once, "quick")
    assert poller.wait(0) == NOBODY
    for word in (b"one", b"two"):
        theirs.send(word)
        assert poller.wait(1) == (["quick"], [])
        assert ours.recv(100) == word
        assert poller.wait(0) == NOBODY


def test_whoever_does_not_ask_to_be_told_once_is_told_until_it_is_read(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), EVENT_READ | QUICK, "quick")
    theirs.send(b"two halves")
    for half in (b"two h", b"alves"):
        assert poller.wait(1) == (["quick"], [])
        assert ours.recv(5) == half
    assert poller.wait(0) == NOBODY


def test_what_had_come_before_it_was_watched_is_told_too(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    theirs.send(b"early")
    poller.register(ours.fileno(), EVENT_READ, "ours")
    assert poller.wait(1) == ([], [("ours", EVENT_READ)])
    poller.modify(ours.fileno(), EVENT_READ | QUICK | ONCE, "quick")
    assert poller.wait(1) == (["quick"], [])


@pytest.mark.skipif(sys.platform != "linux", reason="only epoll tells of it before it is read")
def test_a_quick_one_that_was_hung_up_is_told_with_the_others(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    poller = open_poller()
    try:
        poller.register(ours.fileno(), EVENT_READ | QUICK | ONCE, "quick")
        theirs.send(b"last words")
        theirs.close()
        assert poller.wait(1) == ([], [("quick", EVENT_READ)])
        assert [ours.recv(100), ours.recv(100)] == [b"last words", b""]
    finally:
        poller.close()
