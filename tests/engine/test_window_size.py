"""K, the size of a claim: enough for all connections, never more than 500, and little where the pace is slow."""

import pytest

from mailer.config import MOST_CONNECTIONS
from mailer.dispatch.loop.shift import window_size

UNLIMITED = 0.0


@pytest.mark.parametrize(
    ("wanted", "connections", "per_s", "size"),
    [
        (500, 50, UNLIMITED, 500),
        (100, 10, UNLIMITED, 100),
        (100, 50, UNLIMITED, 100),
        (100, 51, UNLIMITED, 102),
        (300, 200, UNLIMITED, 400),
        (100, MOST_CONNECTIONS, UNLIMITED, 500),
        (1, 1, UNLIMITED, 100),
        (9_999, 10, UNLIMITED, 500),
        (500, 50, 1_000.0, 500),
        (500, 50, 20.0, 200),
        (500, 50, 1.0, 10),
        (500, 50, 1 / 60, 10),
        (100, 10, 50.0, 100),
    ],
    ids=[
        "as delivered", "small", "just twice the connections", "twice the connections", "more than wanted",
        "the most connections", "never below 100", "never above 500", "a fast pace changes nothing",
        "ten seconds of the pace", "ten at least", "a letter a minute", "a pace never makes it larger",
    ],
)  # fmt: skip
def test_a_window_fits_connections_and_pace(wanted: int, connections: int, per_s: float, size: int) -> None:
    assert window_size(wanted, connections, per_s) == size


@pytest.mark.parametrize("wanted", [100, 500])
def test_every_number_of_connections_has_a_window_of_twice_as_many(wanted: int) -> None:
    allowed = range(1, MOST_CONNECTIONS + 1)
    assert not [n for n in allowed if window_size(wanted, n, UNLIMITED) < 2 * n]
