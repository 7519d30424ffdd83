"""Which sockets can go on: epoll itself where there is one, for `selectors` costs twice as much per wait; else that."""

import select
import sys
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any, Protocol


class Poller(Protocol):
    """Knows sockets by their descriptors, each with something of the caller's. Masks are those of `selectors`."""

    def register(self, fd: int, interest: int, owner: Any) -> None:
        """Watch this one from now on."""

    def modify(self, fd: int, interest: int, owner: Any) -> None:
        """Watch it for something else."""

    def unregister(self, fd: int) -> None:
        """Watch it no more."""

    def wait(self, timeout_s: float) -> list[tuple[Any, int]]:
        """Owners of the sockets that can go on, with what they can do; empty when the time is over."""

    def close(self) -> None:
        """Of no use afterwards."""


class SelectorPoller:
    """Any platform's best selector."""

    def __init__(self) -> None:
        """Watching nothing."""
        self._selector = DefaultSelector()

    def register(self, fd: int, interest: int, owner: Any) -> None:
        """See Poller."""
        self._selector.register(fd, interest, owner)

    def modify(self, fd: int, interest: int, owner: Any) -> None:
        """See Poller."""
        self._selector.modify(fd, interest, owner)

    def unregister(self, fd: int) -> None:
        """See Poller."""
        self._selector.unregister(fd)

    def wait(self, timeout_s: float) -> list[tuple[Any, int]]:
        """See Poller."""
        return [(key.data, mask) for key, mask in self._selector.select(timeout_s)]

    def close(self) -> None:
        """See Poller."""
        self._selector.close()


if sys.platform == "linux":
    _EPOLL = {EVENT_READ: select.EPOLLIN, EVENT_WRITE: select.EPOLLOUT}
    _EPOLL[EVENT_READ | EVENT_WRITE] = select.EPOLLIN | select.EPOLLOUT
    _READ = select.EPOLLIN

    class EpollPoller:
        """Linux."""

        def __init__(self) -> None:
            """Watching nothing."""
            self._epoll = select.epoll()
            self._owners: dict[int, tuple[Any, int]] = {}
            self._readable: dict[int, tuple[Any, int]] = {}  # what is mostly answered, made beforehand

        def register(self, fd: int, interest: int, owner: Any) -> None:
            """See Poller."""
            self._epoll.register(fd, _EPOLL[interest])
            self._owners[fd] = owner, interest
            self._readable[fd] = owner, EVENT_READ

        def modify(self, fd: int, interest: int, owner: Any) -> None:
            """See Poller."""
            self._epoll.modify(fd, _EPOLL[interest])
            self._owners[fd] = owner, interest
            self._readable[fd] = owner, EVENT_READ

        def unregister(self, fd: int) -> None:
            """See Poller."""
            del self._owners[fd], self._readable[fd]
            self._epoll.unregister(fd)

        def wait(self, timeout_s: float) -> list[tuple[Any, int]]:
            """See Poller. A broken socket can do whatever it is watched for: trying shows what is wrong."""
            readable = self._readable
            return [
                readable[fd] if event == _READ else self._able(fd, event) for fd, event in self._epoll.poll(timeout_s)
            ]

        def close(self) -> None:
            """See Poller."""
            self._epoll.close()

        def _able(self, fd: int, event: int) -> tuple[Any, int]:
            owner, interest = self._owners[fd]
            can_read, can_write = event & ~select.EPOLLOUT, event & ~select.EPOLLIN
            return owner, ((EVENT_READ if can_read else 0) | (EVENT_WRITE if can_write else 0)) & interest


def open_poller() -> Poller:
    """The best that this platform has."""
    return EpollPoller() if sys.platform == "linux" else SelectorPoller()
