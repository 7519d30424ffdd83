"""A pair of sockets by which another thread ends the loop's wait."""

import socket
from selectors import EVENT_READ

from mailer.mail.wire.poller import Poller


class Wakeup:
    """Registered with no owner; `wake` is safe from any thread, also after `close`."""

    def __init__(self, poller: Poller) -> None:
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        poller.register(self._ear.fileno(), EVENT_READ, None)

    def wake(self) -> None:
        """End the current wait, or the next one."""
        try:
            self._bell.send(b"w")
        except OSError:
            pass  # full: the loop will wake anyway; closed: nobody waits any more

    def clear(self) -> None:
        """The wait is over."""
        try:
            self._ear.recv(4096)
        except BlockingIOError:
            pass  # nothing was there after all

    def close(self) -> None:
        """No more waits."""
        self._ear.close()
        self._bell.close()
