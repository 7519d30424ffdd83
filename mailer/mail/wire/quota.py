"""How many letters one connection carries: learned from what the server does. No clock, no sockets.

Some servers hang up after so many letters without reading on, which can destroy the last reply where the next
envelope was sent behind a body. So a connection says goodbye at a number that is known to be safe, and scouts,
which wait for each reply, find out whether more is.
"""

PROBE_EVERY, PROBE_SELDOM = 10, 640
CROWD = 8  # a scout takes two round trips for a letter: among so many others that is no loss


class Quota:
    """`letters` is the limit for new connections: `first`, or what was learned, never above `most`."""

    def __init__(self, first: int, most: int) -> None:
        self.letters = self._first = first
        self._most = max(first, most)
        self._opened = 0
        self._longest = 0
        self._last_close = 0
        self._probe_at, self._pause = 1, PROBE_EVERY

    def for_next(self, among: int, *, is_scouted: bool = False) -> tuple[int, int]:
        """How many letters a new connection, one of `among`, may carry, and how many of them are known to be safe.

        The first one goes on beyond those, as a scout; then now and then another, ever more seldom while that brings
        nothing, and none while one is out (`is_scouted`): it would find the same, and a scout's letter costs three
        others. Where they are few, only what was lost is looked for, in small steps: a limit may have been a poisoned
        letter or a restart.
        """
        self._opened += 1
        goal = self._most if among >= CROWD else min(2 * self.letters, self._first)
        if is_scouted or self.letters >= goal or self._opened < self._probe_at:
            return self.letters, self.letters
        self._probe_at = self._opened + self._pause
        self._pause = min(2 * self._pause, PROBE_SELDOM)
        return goal, self.letters

    def served(self, letters: int) -> None:
        """A connection has carried this many."""
        self._longest = max(self._longest, letters)
        if self.letters < min(letters, self._most):
            self.letters = min(letters, self._most)
            self._pause = PROBE_EVERY

    def closed_early(self, letters: int, *, reply_lost: bool) -> bool:
        """The server hung up with work in hand; True: that looks like its limit, and it is kept from now on.

        A restart cuts connections at many counts, a limit at one that no connection ever outlived. Where a scout had
        found more than `first` to be safe and a reply was lost nevertheless, not all its connections are alike.
        """
        is_limit = letters >= max(1, self._longest) or letters == self._last_close
        self._last_close = letters
        if is_limit and 0 < letters < self.letters:
            self.letters = letters
            self._probe_at = max(self._probe_at, self._opened + PROBE_EVERY)
        if reply_lost and letters > self._first:
            self._most = self._first
            self.letters = min(self.letters, self._first)
        return is_limit
