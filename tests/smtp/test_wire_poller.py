"""Both pollers say the same about the same sockets."""

import socket
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE

import pytest

from mailer.mail.wire.poller import Poller, SelectorPoller, open_poller


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


def test_what_was_sent_can_be_read(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), EVENT_READ, "ours")
    assert poller.wait(0) == []
    theirs.send(b"hello")
    assert poller.wait(1) == [("ours", EVENT_READ)]


def test_only_what_is_watched_is_told(poller: Poller, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.send(b"hello")
    poller.register(ours.fileno(), EVENT_WRITE, "ours")
    assert poller.wait(1) == [("ours", EVENT_WRITE)]
    poller.modify(ours.fileno(), EVENT_READ | EVENT_WRITE, "both")
    assert poller.wait(1) == [("both", EVENT_READ | EVENT_WRITE)]
    poller.unregister(ours.fileno())
    assert poller.wait(0) == []


def test_a_broken_socket_can_do_what_it_is_watched_for(
    poller: Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    theirs.close()
    poller.register(ours.fileno(), EVENT_READ, "ours")
    assert poller.wait(1) == [("ours", EVENT_READ)]
    poller.modify(ours.fileno(), EVENT_WRITE, "ours")
    assert poller.wait(1) == [("ours", EVENT_WRITE)]
