"""How many connections, and how many letters on each: learned from what the server does. No clock, no sockets.

Grows while more connections bring more answers, shrinks when the server complains.
"""

HOLD_S = 10.0
WINDOW_S, LULL_S = 0.2, 1.0
GAIN = 1.15
PROBE_EVERY = 10


class Pool:
    """`size` connections are wanted at most; `letters` is the limit for new ones."""

    def __init__(self, start: int, limit: int, letters: int) -> None:
        self._limit = max(1, limit)
        self._start = max(1, min(start, self._limit))
        self.size = self._start
        self.letters = self._most_letters = letters
        self._opened = 0
        self._longest = 0
        self._last_close = 0
        self._hold_until_s = 0.0
        self._since_s = 0.0
        self._since_answers = 0
        self._rate_before = 0.0

    def review(self, now_s: float, *, answers: int, ready: int, waiting: bool) -> None:
        """Look at the answers since the last look; doubles the size where that helped the last time."""
        if not waiting and self._since_s <= now_s < self._since_s + LULL_S:
            return  # a moment between two windows says nothing
        if not waiting or ready < self.size * 0.8 or now_s < self._since_s:
            self._since_s, self._since_answers = now_s, answers
            return
        passed_s, gained = now_s - self._since_s, answers - self._since_answers
        if passed_s < WINDOW_S or gained < 2 * self.size or now_s < self._hold_until_s:
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

    def shrink(self, now_s: float, size: int) -> None:
        """The server wants fewer connections; none is added for a while."""
        self.size = max(1, min(self.size, size))
        self._rate_before = 0.0
        self._hold_until_s = now_s + HOLD_S

    def restart(self) -> None:
        """After trouble: as wide as at the beginning; what was learned about letters stays."""
        self.size = self._start
        self._rate_before = self._hold_until_s = 0.0

    def letters_for_next(self) -> tuple[int, int]:
        """How many letters a new connection may carry, and how many of them with look-ahead.

        Where a limit was learned, a connection now and then goes on beyond it without look-ahead: that costs
        no reply if the limit still stands, and shows when it was a poisoned letter or a restart instead.
        """
        self._opened += 1
        if self.letters < self._most_letters and self._opened % PROBE_EVERY == 0:
            return min(self.letters * 2, self._most_letters), self.letters
        return self.letters, self.letters

    def served(self, letters: int) -> None:
        """A connection has carried this many."""
        self._longest = max(self._longest, letters)
        self.letters = min(max(self.letters, letters), self._most_letters)

    def closed_early(self, letters: int) -> bool:
        """The server hung up with work in hand; True: that looks like its limit, and it is kept from now on.

        A restart cuts connections at many counts, a limit at one that no connection ever outlived.
        """
        is_limit = letters >= max(1, self._longest) or letters == self._last_close
        self._last_close = letters
        if is_limit and 0 < letters < self.letters:
            self.letters = letters
        return is_limit
