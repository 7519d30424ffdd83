"""A real mail server that does what a test tells it, in threads of this process or as a process of its own.

    with SmtpServer() as server:
        server.add("rcpt", "bob@*", code=451, times=2)
        ...
        server.wait_for(3)

    python -m tests.support.smtp_server --port-file F --log F --script JSON

A letter is in the log (one JSON line, fsynced) before its final dot is answered. See Script and Rule.
"""

import argparse
import json
import os
import signal
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import certificates
from tests.support.smtp_script import Rule, Script
from tests.support.smtp_talk import Talk


@dataclass(frozen=True, slots=True)
class Letter:
    """What was accepted: for whom, exactly which bytes, when, on which connection."""

    sender: str
    recipient: str
    raw: bytes
    received_at: datetime
    connection: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said; in `faults` also what it did: `do` is the rule's."""

    connection: int
    step: str
    address: str
    code: int
    text: str
    do: str = "reply"


class SmtpServer:
    """Listens on a free loopback port between `start` and `stop`, or in a `with` block.

    `letters`, `replies`, `faults` and `commands` only grow; read them at any time, or `wait_for` them. `standing` are
    the connections that nobody has hung up yet.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        script: Script | None = None,
        *,
        log: Path | str | None = None,
        context: ssl.SSLContext | None = None,
        **manners: Any,
    ) -> None:
        self.script = script or Script(**manners)
        self.letters: list[Letter] = []
        self.replies: list[Reply] = []
        self.faults: list[Reply] = []
        self.commands: list[tuple[int, str]] = []
        self.released = threading.Event()
        self.connections = 0
        self.most_at_once = 0
        self.port = 0
        self._log_path = log
        self._log_fd = -1
        self._stopping = False
        self._changed = threading.Condition()
        self.standing: dict[threading.Thread, Talk] = {}
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, name="smtp-server", daemon=True)
        if context is None and self.script.tls != "none":
            context = certificates.server_context(self.script.certificate_for)
        self._context = context

    # -- for the test ----------------------------------------------------------------------------------------

    def add(self, step: str, address: str = "*", **rule: Any) -> Rule:
        """One more misbehaviour, in front of the others; see Rule for the words."""
        added = Rule(step, address, **rule)
        self.script.rules = [added, *self.script.rules]
        return added

    def clear(self) -> None:
        """Behave again, and let go whoever hangs."""
        self.script.rules = []
        self.release()

    def release(self) -> None:
        """Those that hang go on as usual; later hangs do not hang."""
        self.released.set()

    def client_context(self) -> ssl.SSLContext:
        """Trusts this server's certificate."""
        return certificates.client_context(self.script.certificate_for)

    def present(self, context: ssl.SSLContext) -> None:
        """Another certificate, from the next connection on."""
        self._context = context

    def recipients(self) -> list[str]:
        """Of the accepted letters, in order of acceptance; a double stands here twice."""
        return [letter.recipient for letter in self.letters]

    def wait_for(self, letters: int = 0, *, faults: int = 0, connections: int = 0, timeout_s: float = 10) -> None:
        """Until so many letters were accepted, faults struck, connections were made; fails after `timeout_s`."""

        def enough() -> bool:
            counts = (len(self.letters), len(self.faults), self.connections)
            return all(got >= wanted for got, wanted in zip(counts, (letters, faults, connections), strict=True))

        with self._changed:
            assert self._changed.wait_for(enough, timeout_s), (
                f"after {timeout_s} s: {len(self.letters)} letters, {len(self.faults)} faults, "
                f"{self.connections} connections"
            )

    def start(self) -> Self:
        """Listen; `port` is known afterwards."""
        self._listener = socket.create_server((self.host, 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        if self._log_path:
            self._log_fd = os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody; no thread is left."""
        assert self._listener is not None
        self.release()
        self._stopping = True
        socket.create_connection((self.host, self.port)).close()  # accept() ends nowhere else on every system
        self._thread.join()
        self._listener.close()
        for thread, talk in list(self.standing.items()):
            while thread.is_alive():  # once is not enough where TLS is just being laid around the socket
                talk.stop()
                thread.join(0.1)
        if self._log_fd >= 0:
            os.close(self._log_fd)
            self._log_fd = -1

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    # -- for the conversations -------------------------------------------------------------------------------

    def heard(self, connection: int, line: str) -> None:
        self.commands.append((connection, line))

    def note(self, connection: int, step: str, address: str, code: int, text: str) -> None:
        self.replies.append(Reply(connection, step, address, code, text))

    def strike(self, connection: int, step: str, address: str, rule: Rule) -> None:
        with self._changed:
            self.faults.append(Reply(connection, step, address, rule.code, rule.text, rule.do))
            self._changed.notify_all()

    def keep(self, connection: int, sender: str, recipients: list[str], raw: bytes) -> None:
        now = datetime.now(UTC)
        with self._changed:
            for recipient in recipients:
                self.letters.append(Letter(sender, recipient, raw, now, connection))
                if self._log_fd >= 0:
                    self._write_log(self.letters[-1])
            self._changed.notify_all()

    def secured(self, sock: socket.socket) -> ssl.SSLSocket:
        assert self._context is not None, "the script names no TLS"
        return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def _write_log(self, letter: Letter) -> None:
        headers = BytesHeaderParser().parsebytes(letter.raw)
        line = {
            "recipient": letter.recipient,
            "message_id": headers["Message-ID"],
            "received_at": letter.received_at.isoformat(),
            "octets": len(letter.raw),
        }
        os.write(self._log_fd, json.dumps(line).encode() + b"\n")
        os.fsync(self._log_fd)

    def _listen(self) -> None:
        assert self._listener is not None
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._stopping:
                sock.close()
                return
            if self.script.room:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.script.room)
            with self._changed:
                self.connections += 1
                talk = Talk(self, sock, self.connections)
                thread = threading.Thread(target=self._converse, args=(talk,), name="smtp-talk", daemon=True)
                self.standing[thread] = talk
                self.most_at_once = max(self.most_at_once, len(self.standing))
                self._changed.notify_all()
            thread.start()

    def _converse(self, talk: Talk) -> None:
        talk.run()
        self.standing.pop(threading.current_thread(), None)


def main() -> None:
    """Serve until SIGTERM; the port file appears when connections are taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--script", default="{}", help="JSON as Script.to_json gives it")
    asked = parser.parse_args()
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    with SmtpServer(Script.from_json(asked.script), log=asked.log) as server:
        beside = asked.port_file.with_suffix(".new")
        beside.write_text(str(server.port))
        beside.rename(asked.port_file)
        done.wait()


if __name__ == "__main__":
    main()
