"""How many connections: learned from what the server does. No clock, no sockets.

Grows while more connections bring more answers, shrinks when the server complains.
"""

HOLD_S = 10.0
WINDOW_S, LULL_S = 0.2, 1.0
EARLY_S = 0.02
WEIGHTY = 100  # answers: fewer say nothing of a server
GAIN = 1.15


class Pool:
    """`size` connections are wanted at most."""

    def __init__(self, start: int, limit: int) -> None:
        self._limit = max(1, limit)
        self._start = max(1, min(start, self._limit))
        self.size = self._start
        self._hold_until_s = 0.0
        self._since_s = 0.0
        self._since_answers = 0
        self._rate_before = 0.0
        self._weighed = 0, 0

    @property
    def is_early(self) -> bool:
        """Two doublings are tried at once: they measure nothing, so they need not last."""
        return self.size <= 2 * self._start and not (self._rate_before or self._hold_until_s)

    def review(self, now_s: float, *, answers: int, ready: int, waiting: bool) -> None:
        """Look at the answers since the last look; doubles the size where that helped the last time."""
        if not waiting and self._since_s <= now_s < self._since_s + LULL_S:
            return  # a moment between two windows says nothing
        if not waiting or ready < self.size * 0.8 or now_s < self._since_s:
            self._since_s, self._since_answers = now_s, answers
            return
        passed_s, gained = now_s - self._since_s, answers - self._since_answers
        if passed_s < (EARLY_S if self.is_early else WINDOW_S) or gained < 2 * self.size or now_s < self._hold_until_s:
            return
        rate = gained / passed_s
        if rate < self._rate_before * GAIN:
            self._rate_before = 0.0
            self._hold_until_s = now_s + HOLD_S
        elif self.size < self._limit:
            # the first doubling is no measure: until then connections were still being opened
            self._rate_before = 0.0 if self.size == self._start else rate
            self.size = min(self.size * 2, self._limit)
        self._since_s, self._since_answers = now_s, answers

    def weigh(self, now_s: float, *, answers: int, deferred: int) -> None:
        """Of the last answers more than half are 4xx: the server may want less at a time, half as many are kept."""
        answered, put_off = answers - self._weighed[0], deferred - self._weighed[1]
        if answered < WEIGHTY:
            return
        self._weighed = answers, deferred
        if put_off * 2 > answered and now_s >= self._hold_until_s:
            self.shrink(now_s, self.size // 2)

    def shrink(self, now_s: float, size: int) -> None:
        """The server wants fewer connections; none is added for a while."""
        self.size = max(1, min(self.size, size))
        self._rate_before = 0.0
        self._hold_until_s = now_s + HOLD_S

    def restart(self) -> None:
        """After trouble: as wide as at the beginning."""
        self.size = self._start
        self._rate_before = self._hold_until_s = 0.0
