"""Wires that are closed when the test ends, a server that is not at home, and replies in pieces of every size."""

import socket
from collections.abc import Callable, Iterator

import pytest

from mailer.mail.smtp.settings import Settings
from mailer.mail.wire import Limits, Server, Wire
from tests.smtp import cuts
from tests.smtp.bag import Bag
from tests.support.smtp_server import SmtpServer

WireMaker = Callable[..., Wire]


@pytest.fixture(params=cuts.WAYS)
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever uses it runs three times: each conversation hears the server whole, line by line and byte by byte."""
    monkeypatch.setattr(cuts, "way", cuts.WAYS[request.param])


@pytest.fixture
def wire_to() -> Iterator[WireMaker]:
    """`wire_to(server, limits=…, context=…, host=…, look_ahead=…)`; settings by name."""
    made: list[Wire] = []

    def make(
        server: SmtpServer, *, limits: Limits | None = None, context: object = None, host: str = "", **settings: object
    ) -> Wire:
        where = Server(host or server.host, server.port, Settings(**settings))  # type: ignore[arg-type]
        made.append(Wire(where, limits=limits or Limits(sweep_s=0.05), context=context))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for wire in made:
        if not wire.closed:
            wire.close(Bag([]), 0)


@pytest.fixture
def hole() -> Iterator[tuple[str, int]]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as door:
        door.bind(("127.0.0.2", 0))
        door.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(door.getsockname())
        yield door.getsockname()
        for one in waiting:
            one.close()
