"""A wire with an ear on it: hands every byte on, and keeps what both sides said as it could be read on the way."""

import socket
import threading
from types import TracebackType
from typing import Self

CLIENT_HELLO = b"\x16\x03"


class Wiretap:
    """Listens on a free loopback port and connects on to `port`. `cuts_handshakes` hangs up at a TLS ClientHello."""

    def __init__(self, port: int, *, cuts_handshakes: bool = False) -> None:
        self.heard = bytearray()
        self.cut = 0
        self._to = port
        self._cuts_handshakes = cuts_handshakes
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._is_over = False
        self._begin(self._welcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._is_over = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # accept() ends nowhere else on every system
        self._threads[0].join()
        for sock in self._open:
            _hang_up(sock)
        for thread in self._threads:
            thread.join()
        for sock in [*self._open, self._listener]:
            sock.close()

    def _begin(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="wiretap", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _welcome(self) -> None:
        while True:
            client, _address = self._listener.accept()
            if self._is_over:
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            self._begin(self._carry, client, server)
            self._begin(self._carry, server, client)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                self.heard += data
                if self._cuts_handshakes and data.startswith(CLIENT_HELLO):
                    self.cut += 1
                    break
                target.sendall(data)
        except OSError:
            pass  # one side is gone: so is the other, now
        for sock in (source, target):
            _hang_up(sock)


def _hang_up(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # gone already
