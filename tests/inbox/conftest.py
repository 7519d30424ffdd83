"""Fixtures: an app of development, and its inbox on a free port, in a thread of this process."""

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.inbox.box import open_box
from mailer.inbox.server import HOST, Porter, serve
from tests.inbox.letters import letter


class Inbox:
    """A running inbox. Each letter is handed in over a connection of its own."""

    def __init__(self, app: Flask, *, slow_s: float = 0.3) -> None:
        self.folder = app.config["MAILER"].var_dir
        self.port = 0
        self._slow_s = slow_s
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="inbox")

    def __enter__(self) -> "Inbox":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()
        with open_box(self.folder) as box:
            await serve(Porter(box, clock=utcnow, slow_s=self._slow_s), 0, until=self._until, ready=self._listening)

    def _listening(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def send(self, to: str, raw: bytes | None = None) -> None:
        """Hand a letter in; raises what smtplib raises."""
        with smtplib.SMTP(HOST, self.port, timeout=20) as caller:
            caller.sendmail("news@example.org", [to], letter(to=to) if raw is None else raw)

    def subjects(self) -> list[str]:
        """What came, the oldest first."""
        with open_box(self.folder) as box:
            return [line.subject for line in reversed(box.page())]


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """As run.py starts it: in development."""
    return make_app(development=True)


@pytest.fixture
def inbox(app: Flask) -> Iterator[Inbox]:
    """The app's inbox, listening."""
    with Inbox(app) as running:
        yield running
