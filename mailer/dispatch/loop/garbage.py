"""What nobody needs any more, collected by hand while a shift lives: the automatic way walks through it in mid-window.

Everything of this process counts, the tick's and the chores' too.
"""

import gc
from collections.abc import Callable

# whichever comes first: at a slow pace a hundred windows are hours
WINDOWS = 100
SOON_S = 30.0
FULL_S = 600.0


class Garbage:
    """The young after a hundred windows, and the not so young after half a minute; all of it every ten minutes."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._windows = 0
        self._next_s = monotonic() + SOON_S
        self._full_s = monotonic() + FULL_S

    def collect_when_due(self, windows: int) -> None:
        """Once per turn of the loop; `windows` is how many were claimed so far."""
        if windows - self._windows >= WINDOWS:
            self._windows = windows
            gc.collect(0)
        now_s = self._monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + SOON_S
        if now_s < self._full_s:
            gc.collect(1)
            return
        self._full_s = now_s + FULL_S
        gc.collect()
