"""How fast one process may hand out letters: a token bucket that answers at once and never sleeps."""

from collections.abc import Callable
from math import inf

BURST_S = 1.0


class Pace:
    """At most `per_minute` letters a minute, in bursts of up to a second's worth; 0 means no limit."""

    __slots__ = ("_clock", "_filled_at", "_most", "_per_s", "_tokens")

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._per_s = per_minute / 60
        self._most = max(1.0, self._per_s * BURST_S)
        self._tokens = self._most
        self._clock = monotonic
        self._filled_at = monotonic()

    @property
    def per_s(self) -> float:
        """Letters a second in the long run; 0.0 means no limit."""
        return self._per_s

    def take(self, most: int = 1) -> int:
        """How many of so many letters may go now; their tokens are spent."""
        if not self._per_s:
            return most
        self._refill()
        count = min(most, int(self._tokens))
        self._tokens -= count
        return count

    def give_back(self, count: int = 1) -> None:
        """So many of the tokens just taken were not needed: nothing was begun with them."""
        if self._per_s:
            self._tokens += count

    def within(self, seconds: float) -> float:
        """How many letters may go within so many seconds from now; inf where there is no limit."""
        if not self._per_s:
            return inf
        self._refill()
        return self._tokens + self._per_s * seconds

    def wait_s(self) -> float:
        """Seconds until `take` can say yes; 0.0 when it can now."""
        if not self._per_s:
            return 0.0
        self._refill()
        return max(0.0, (1 - self._tokens) / self._per_s)

    def _refill(self) -> None:
        now_s = self._clock()
        self._tokens = min(self._most, self._tokens + (now_s - self._filled_at) * self._per_s)
        self._filled_at = now_s
