"""The other end of a wire, played by the test itself: what is there when the wire looks is certain."""

import socket

from mailer.mail.wire import Wire
from tests.smtp.bag import Bag


def hears(wire: Wire, bag: Bag, peer: socket.socket, word: bytes) -> None:
    """Turn the wire until it has said this; fails when it does not."""
    peer.settimeout(0.01)
    heard = b""
    for _ in range(500):
        wire.turn(bag, 0.01)
        try:
            heard += peer.recv(100_000)
        except TimeoutError:
            continue
        if word in heard:
            return
    raise AssertionError(heard)
