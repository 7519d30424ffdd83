"""What a socket under TLS wants otherwise than a plain one."""

import socket
import ssl
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ

from mailer.mail.wire.poller import ONCE, QUICK


def wrapped(clear: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Before the handshake. Raises OSError, also for a host name that no certificate bears; `clear` is closed then."""
    try:
        clear.getpeername()  # else the socket module leaves one half made behind
        return context.wrap_socket(clear, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        clear.close()
        raise OSError(str(error)) from error


def received(sock: socket.socket, most: int) -> bytes:
    """What has come, and all that OpenSSL holds of it already, for that is invisible to a poller."""
    data = sock.recv(most)
    if data and isinstance(sock, ssl.SSLSocket):
        while waiting := sock.pending():
            data += sock.recv(waiting)
    return data


def deaf(_most: int) -> bytes:
    """The ear of a socket that is not set up yet."""
    return b""


def ear_of(sock: socket.socket) -> Callable[[int], bytes]:
    """`received` of this socket, at no cost where there is no TLS."""
    return partial(received, sock) if isinstance(sock, ssl.SSLSocket) else sock.recv


def interest_in(sock: socket.socket) -> int:
    """How to watch a socket whose ear is open: beneath TLS a short answer does not mean that there is no more."""
    return EVENT_READ | QUICK | (0 if isinstance(sock, ssl.SSLSocket) else ONCE)
