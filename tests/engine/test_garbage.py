"""Real garbage, and a clock moved by hand."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from mailer.dispatch.loop.garbage import FULL_S, SOON_S, WINDOWS, Garbage


class Knot:
    """Holds on to itself: only a collection unties it."""

    def __init__(self) -> None:
        self.itself = self


class Clock:
    """Seconds that pass when told to."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Iterator[Clock]:
    """As while a shift lives: nothing is collected by itself."""
    gc.collect()
    gc.disable()
    yield Clock()
    gc.enable()


@pytest.fixture
def garbage(clock: Clock) -> Garbage:
    return Garbage(clock)


def knot(*, was_in_use: bool = False) -> "weakref.ref[Knot]":
    """Garbage; young, or of something that has outlived every collection but those of everything."""
    made = Knot()
    if was_in_use:
        for generation in range(3):
            gc.collect(generation)
    return weakref.ref(made)


def test_at_a_slow_pace_garbage_does_not_wait_for_a_hundred_windows(garbage: Garbage, clock: Clock) -> None:
    seen = knot()
    clock.now_s += SOON_S - 0.1
    garbage.collect_when_due(1)
    assert seen() is not None
    clock.now_s += 0.1
    garbage.collect_when_due(1)
    assert seen() is None


def test_in_a_hurry_young_garbage_does_not_wait_for_half_a_minute(garbage: Garbage) -> None:
    seen = knot()
    garbage.collect_when_due(WINDOWS - 1)
    assert seen() is not None
    garbage.collect_when_due(WINDOWS)
    assert seen() is None
    seen = knot()
    garbage.collect_when_due(WINDOWS + 1)
    assert seen() is not None


def test_what_was_in_use_for_long_is_collected_now_and_then(garbage: Garbage, clock: Clock) -> None:
    seen = knot(was_in_use=True)
    for _ in range(int(FULL_S / SOON_S)):
        clock.now_s += SOON_S
        garbage.collect_when_due(0)
    assert seen() is None
