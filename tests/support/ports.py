"""Which ports tests may use: always free ones of the loopback, and never by chance the machine's own services."""

import fcntl
import ipaddress
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

WELL_KNOWN = 1024


class ReachedOutError(Exception):
    """A test talked to something that no test may talk to."""


def free_socket() -> socket.socket:
    """A listening socket on a loopback port of its own; hand it over, or close it and take the number."""
    return socket.create_server(("127.0.0.1", 0))


def is_allowed(host: str | None, port: int) -> bool:
    """Loopback and a port that somebody chose: not this machine's mail server, and no other machine at all."""
    return is_loopback(host) and port >= WELL_KNOWN


def is_loopback(host: str | None) -> bool:
    """True for every spelling of this machine that needs no question to the network."""
    if host in {None, "", "localhost", socket.gethostname()}:
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


class Guard:
    """Watches every connection and name look-up of this process (PEP 578), and forbids what was not asked for."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.is_on = False

    def install(self) -> None:
        """Begin to watch; an audit hook stays for the life of the process, so call this once."""
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or event not in {"socket.connect", "socket.sendto", "socket.getaddrinfo"}:
            return
        if event == "socket.getaddrinfo":
            self._check(event, _text(arguments[0]), WELL_KNOWN)
        elif arguments[0].family in {socket.AF_INET, socket.AF_INET6} and arguments[1]:
            self._check(event, str(arguments[1][0]), int(arguments[1][1]))

    def _check(self, event: str, host: str | None, port: int) -> None:
        if is_allowed(host, port):
            return
        # kept as well as raised: the code under test may swallow every exception
        self.reached.append(f"{event} {host}:{port}")
        raise ReachedOutError(f"{event} {host}:{port}: a test may only talk to what it started itself")


def _text(host: str | bytes | None) -> str | None:
    return host.decode() if isinstance(host, bytes) else host


def turn_to_start() -> IO[str]:
    """Wait until no other test on this machine has a whole service running; closing what is returned ends the turn."""
    turn = (Path(tempfile.gettempdir()) / f"mailer-starts-{os.getuid()}").open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)
    return turn
