"""Which sockets can go on: epoll itself where there is one, for `selectors` costs twice as much per wait; else that.

Interests and masks are those of `selectors`, and two more for who only reads. QUICK: told apart, where there is
something to be read and nothing else to tell, as that the other side has hung up. ONCE, of a quick one: told once of
what has come, where the platform can do that; whoever asks for it reads on until less comes than was asked for.
"""

import select
import sys
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any, Protocol

QUICK, ONCE = 4, 8
# owners of quick ones that can be read, and of the others, with what they can do
Ready = tuple[list[Any], list[tuple[Any, int]]]
_BOTH = EVENT_READ | EVENT_WRITE


class Poller(Protocol):
    """Knows sockets by their descriptors, each with something of the caller's."""

    def register(self, fd: int, interest: int, owner: Any) -> None:
        """Watch this one from now on."""

    def modify(self, fd: int, interest: int, owner: Any) -> None:
        """Watch it for something else."""

    def unregister(self, fd: int) -> None:
        """Watch it no more."""

    def wait(self, timeout_s: float) -> Ready:
        """Whose sockets can go on; nobody's when the time is over."""

    def close(self) -> None:
        """Of no use afterwards."""


class SelectorPoller:
    """Any platform's best selector."""

    def __init__(self) -> None:
        """Watching nothing."""
        self._selector = DefaultSelector()

    def register(self, fd: int, interest: int, owner: Any) -> None:
        """See Poller."""
        self._selector.register(fd, interest & _BOTH, (owner, interest))

    def modify(self, fd: int, interest: int, owner: Any) -> None:
        """See Poller."""
        self._selector.modify(fd, interest & _BOTH, (owner, interest))

    def unregister(self, fd: int) -> None:
        """See Poller."""
        self._selector.unregister(fd)

    def wait(self, timeout_s: float) -> Ready:
        """See Poller."""
        quick: list[Any] = []
        others: list[tuple[Any, int]] = []
        for key, mask in self._selector.select(timeout_s):
            owner, interest = key.data
            if interest & QUICK and mask == EVENT_READ:
                quick.append(owner)
            else:
                others.append((owner, mask))
        return quick, others

    def close(self) -> None:
        """See Poller."""
        self._selector.close()


if sys.platform == "linux":
    _READ = select.EPOLLIN
    _EPOLL = {
        EVENT_READ: _READ,
        EVENT_WRITE: select.EPOLLOUT,
        EVENT_READ | EVENT_WRITE: _READ | select.EPOLLOUT,
        EVENT_READ | QUICK: _READ | select.EPOLLRDHUP,
        EVENT_READ | QUICK | ONCE: _READ | select.EPOLLRDHUP | select.EPOLLET,
    }

    class EpollPoller:
        """Linux."""

        def __init__(self) -> None:
            """Watching nothing."""
            self._epoll = select.epoll()
            self._owners: dict[int, tuple[Any, int]] = {}
            self._quick: dict[tuple[int, int], Any] = {}  # by what epoll tells of those that can only be read

        def register(self, fd: int, interest: int, owner: Any) -> None:
            """See Poller."""
            self._epoll.register(fd, _EPOLL[interest])
            self._keep(fd, interest, owner)

        def modify(self, fd: int, interest: int, owner: Any) -> None:
            """See Poller."""
            self._epoll.modify(fd, _EPOLL[interest])
            self._keep(fd, interest, owner)

        def unregister(self, fd: int) -> None:
            """See Poller."""
            del self._owners[fd]
            self._quick.pop((fd, _READ), None)
            self._epoll.unregister(fd)

        def wait(self, timeout_s: float) -> Ready:
            """See Poller. A broken socket can do whatever it is watched for: trying shows what is wrong."""
            found, quick = self._epoll.poll(timeout_s), self._quick
            try:
                return [*map(quick.__getitem__, found)], []  # nearly always all of them are
            except KeyError:
                others = [one for one in found if one not in quick]
                able = [(self._owners[fd][0], self._able(fd, event)) for fd, event in others]
                return [quick[one] for one in found if one in quick], able

        def close(self) -> None:
            """See Poller."""
            self._epoll.close()

        def _keep(self, fd: int, interest: int, owner: Any) -> None:
            self._owners[fd] = owner, interest
            if interest & QUICK:
                self._quick[fd, _READ] = owner
            else:
                self._quick.pop((fd, _READ), None)

        def _able(self, fd: int, event: int) -> int:
            can_read, can_write = event & ~select.EPOLLOUT, event & ~(_READ | select.EPOLLRDHUP)
            return ((EVENT_READ if can_read else 0) | (EVENT_WRITE if can_write else 0)) & self._owners[fd][1]


def open_poller() -> Poller:
    """The best that this platform has."""
    return EpollPoller() if sys.platform == "linux" else SelectorPoller()
