"""Fixtures: the app behind a real port, and a page of a real browser that opens it."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.chromium import Complaints, running_chromium
from tests.support.ports import free_socket


class Silent(WSGIRequestHandler):
    """A line per picture and script would bury what a failed test has to say."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def closed_at_last(app: Flask) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The app, with answers that are closed however they end.

    Werkzeug's server leaves an answer open where the browser went away before its end (a page left while its picture
    came), and an open file is an error in these tests. Servers for production keep PEP 3333 here.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body: Any = app(environ, start_response)
        try:
            yield from body
        finally:
            getattr(body, "close", lambda: None)()

    return answer


@pytest.fixture
def web_socket() -> Iterator[socket.socket]:
    """Where `live_server` listens; made first, because PUBLIC_URL must be known before the app."""
    with free_socket() as listener:
        yield listener


@pytest.fixture
def live_server(app: Flask, web_socket: socket.socket) -> Iterator[str]:
    """The app behind a real port; its address, which PUBLIC_URL follows."""
    host, port = web_socket.getsockname()
    server = make_server(
        host, port, closed_at_last(app), threaded=True, request_handler=Silent, fd=web_socket.fileno()
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="live-server")
    thread.start()
    yield f"http://{host}:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """This worker's Chromium."""
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page of a browser without past; relative addresses are the app's. It may not complain (see Complaints)."""
    context = browser.new_context(base_url=live_server, locale="en-GB", timezone_id="Europe/London")
    opened = context.new_page()
    complaints = Complaints(opened, live_server)
    yield opened
    context.close()
    assert not complaints.seen
