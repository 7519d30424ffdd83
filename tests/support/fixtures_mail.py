"""Fixtures: a real, scripted mail server for the tests that ask for one; the app of such a test sends to it."""

from collections.abc import Iterator

import pytest

from tests.support.smtp_server import SmtpServer


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """Accepts everything until the test scripts it otherwise; `smtp.port` is on the loopback."""
    with SmtpServer() as server:
        yield server
