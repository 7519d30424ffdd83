"""The server's addresses, looked up beside the loop: a slow name server must not stop letters on the wire."""

import socket
from collections.abc import Callable
from threading import Thread

KEEP_S = 60.0

Address = tuple[int, tuple[object, ...]]


class Names:
    """One host's addresses, kept for a minute; `wake` is called when a look-up is over."""

    def __init__(self, host: str, port: int, wake: Callable[[], None]) -> None:
        self._host, self._port, self._wake = host, port, wake
        self._addresses: list[Address] = []
        self._error: OSError | None = None
        self._asked_s: float | None = None
        self._fresh_until_s = 0.0
        self._literal = self._look_up_literal()

    def addresses(self, now_s: float, limit_s: float) -> list[Address] | None:
        """The addresses, best first; None: being looked up. Raises OSError when there are none."""
        if self._literal:
            return self._addresses
        if self._asked_s is None and now_s >= self._fresh_until_s:
            self._ask(now_s)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._addresses:
            return self._addresses
        if self._asked_s is not None and now_s - self._asked_s > limit_s:
            raise TimeoutError(f"no answer about the name {self._host} in {limit_s:g} s")
        return None

    def prefer(self, address: Address) -> None:
        """This one answered: try it first."""
        if self._addresses and self._addresses[0] != address:
            self._addresses = [address, *(other for other in self._addresses if other != address)]

    def _look_up_literal(self) -> bool:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return False
        self._addresses = [(family, name) for family, _kind, _proto, _canonical, name in found]
        return True

    def _ask(self, now_s: float) -> None:
        self._asked_s = now_s
        Thread(target=self._look_up, args=(now_s,), name="smtp-names", daemon=True).start()

    def _look_up(self, now_s: float) -> None:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self._addresses = []
            self._error = OSError(f"the name {self._host} is not known: {error}")
        else:
            self._addresses = [(family, name) for family, _kind, _proto, _canonical, name in found]
            self._fresh_until_s = now_s + KEEP_S
        self._asked_s = None
        self._wake()
