"""A small mail server for measuring: takes everything, may be slow, may keep each letter on disk before it answers.

A process of its own (`python -m mailer.bench.receiver`), standard library only, for loopback. At SIGTERM it prints
as JSON how many letters it took and when. Not the yardstick of speed: `smtp-sink` is.
"""

import argparse
import heapq
import json
import os
import selectors
import signal
import socket
import sys
import time
from array import array
from itertools import count

OK, GO, BYE = b"250 2.0.0 Ok\r\n", b"354 End with a dot\r\n", b"221 2.0.0 Bye\r\n"
HELLO = b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
END = b"\r\n.\r\n"
LONGEST_WAIT_S = 0.5


class Caller:
    """One connection: what it said that is not dealt with yet, and where the conversation stands."""

    __slots__ = ("in_body", "is_busy", "rest", "searched", "sock", "to")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.rest = b""
        self.searched = 0
        self.to = b""
        self.in_body = False
        self.is_busy = False


class Receiver:
    """`delay_s` passes before each final reply; `keep` is the file that each letter is written to before it."""

    def __init__(self, sock: socket.socket, delay_s: float, keep: str) -> None:
        self.answered_s = array("d")
        self.thought_s = 0.0  # all delays together, as long as they really were
        self.is_over = False
        self._delay_s = delay_s
        self._file = os.open(keep, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if keep else -1
        self._kept: list[tuple[Caller, bytes]] = []
        self._later: list[tuple[float, int, Caller]] = []
        self._numbers = count()
        self._selector = selectors.DefaultSelector()
        self._door = sock
        self._selector.register(sock, selectors.EVENT_READ, None)

    def serve(self) -> None:
        """Until told to stop."""
        while not self.is_over:
            wait_s = LONGEST_WAIT_S
            if self._later:
                wait_s = max(0.0, self._later[0][0] - time.monotonic())
            for key, _mask in self._selector.select(wait_s):
                if key.data is None:
                    self._welcome()
                else:
                    self._hear(key.data)
            self._keep()
            now_s = time.monotonic()
            while self._later and self._later[0][0] <= now_s:
                due_s, _number, caller = heapq.heappop(self._later)
                self.thought_s += self._delay_s + time.monotonic() - due_s
                self._answer(caller)

    def _welcome(self) -> None:
        sock, _address = self._door.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, Caller(sock))
        self._say(sock, b"220 bench\r\n")

    def _hear(self, caller: Caller) -> None:
        try:
            said = caller.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._part(caller)
            return
        caller.rest = caller.rest + said if caller.rest else said
        if not caller.is_busy:
            self._go_on(caller, [])

    def _go_on(self, caller: Caller, out: list[bytes]) -> None:
        """Deal with what was said, as far as it goes."""
        rest, place = caller.rest, 0
        while not caller.is_busy:
            if caller.in_body:
                end = rest.find(END, max(place, caller.searched))
                if end < 0:
                    caller.searched = max(place, len(rest) - len(END) + 1)
                    break
                self._take(caller, rest[place:end] if self._file >= 0 else b"", out)
                place = end + len(END)
            else:
                end = rest.find(b"\r\n", place)
                if end < 0:
                    break
                self._command(caller, rest[place:end], out)
                place = end + 2
        if place:
            caller.rest = rest[place:]
            caller.searched = max(0, caller.searched - place)
        if out:
            self._say(caller.sock, b"".join(out))

    def _command(self, caller: Caller, line: bytes, out: list[bytes]) -> None:
        verb = line[:4].upper()
        if verb == b"DATA":
            caller.in_body, caller.searched = True, 0
            out.append(GO)
        elif verb == b"EHLO":
            out.append(HELLO)
        elif verb == b"QUIT":
            out.append(BYE)
        else:
            if verb == b"RCPT":
                caller.to = line[9:].partition(b">")[0]
            out.append(OK)

    def _take(self, caller: Caller, letter: bytes, out: list[bytes]) -> None:
        """A whole letter is here: answer it now, after the delay, or once it is on disk."""
        caller.in_body, caller.searched = False, 0
        if self._file >= 0:
            caller.is_busy = True
            self._kept.append((caller, letter))
        elif self._delay_s:
            caller.is_busy = True
            self._put_off(caller)
        else:
            self.answered_s.append(time.monotonic())
            out.append(OK)

    def _keep(self) -> None:
        """All letters of this turn are made durable together, before any of them is answered."""
        if not self._kept:
            return
        now_s = time.monotonic()
        os.write(self._file, b"".join(b"%.6f %b\n" % (now_s, caller.to) for caller, _letter in self._kept))
        os.fsync(self._file)
        kept, self._kept = self._kept, []
        for caller, _letter in kept:
            if self._delay_s:
                self._put_off(caller)
            else:
                self._answer(caller)

    def _put_off(self, caller: Caller) -> None:
        heapq.heappush(self._later, (time.monotonic() + self._delay_s, next(self._numbers), caller))

    def _answer(self, caller: Caller) -> None:
        caller.is_busy = False
        self.answered_s.append(time.monotonic())
        self._go_on(caller, [OK])

    def _say(self, sock: socket.socket, words: bytes) -> None:
        try:
            sock.sendall(words)  # a few hundred bytes: the kernel takes them at once
        except OSError:
            pass  # the caller is gone; reading will tell

    def _part(self, caller: Caller) -> None:
        caller.is_busy = True  # nothing of it is dealt with any more
        self._selector.unregister(caller.sock)
        caller.sock.close()


def report(answered_s: "array[float]", thought_s: float = 0.0) -> dict[str, object]:
    """How many, the monotonic seconds at which each twentieth of them was answered (first and last included), and the
    milliseconds that one had to wait for its answer, which a timer rounds up.
    """
    last = len(answered_s) - 1
    marks = [answered_s[last * step // 20] for step in range(21)] if answered_s else []
    return {"letters": len(answered_s), "marks_s": marks, "thought_ms": thought_s / max(1, len(answered_s)) * 1000}


def main() -> None:
    """Listen, serve, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--keep", default="")
    asked = parser.parse_args()
    with socket.create_server(("127.0.0.1", asked.port), backlog=1024) as sock:
        sock.setblocking(False)
        receiver = Receiver(sock, asked.delay_ms / 1000, asked.keep)

        def stop(_signal: int, _frame: object) -> None:
            receiver.is_over = True

        signal.signal(signal.SIGTERM, stop)
        receiver.serve()
    sys.stdout.write(json.dumps(report(receiver.answered_s, receiver.thought_s)) + "\n")


if __name__ == "__main__":
    main()
