"""The bytes of the scripted mail server's conversations: blocking, written group by group, hung up in two ways."""

import socket
import struct

RESET = struct.pack("ii", 1, 0)


class HungUpError(Exception):
    """The conversation is over."""


class Stream:
    """One connection: `buffer` is read and not yet understood, `out` waits to be written."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.out: list[bytes] = []

    def stop(self) -> None:
        """From another thread: end whatever it waits for."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # gone already

    def more(self) -> None:
        self.flush()
        data = self.sock.recv(65_536)
        if not data:
            raise HungUpError
        self.buffer += data

    def line(self) -> bytes:
        while b"\n" not in self.buffer:
            self.more()
        return self.cut(self.buffer.index(b"\n"), 1)

    def cut(self, end: int, skip: int) -> bytes:
        """Take what stands before `end`, and throw away the `skip` bytes behind it."""
        taken = bytes(self.buffer[:end])
        del self.buffer[: end + skip]
        return taken

    def flush(self) -> None:
        if self.out:
            out, self.out = b"".join(self.out), []
            self.sock.sendall(out)

    def hang_up(self, *, reset: bool = False) -> None:
        self.flush()
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise HungUpError

    def send_beneath(self, data: bytes) -> None:
        """As it is, also where TLS is on: then it can only be part of a record."""
        self.flush()
        socket.socket.sendall(self.sock, data)
