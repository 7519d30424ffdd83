"""All writing to the database, in one helper thread, so that the loop does not wait for a disk.

A job runs there; what it brought is handed back in the loop's own thread by `deliver`. Where jobs are known to be
quick the loop may do one itself, by `do_here`: two threads that wake each other cost more than the wait.
The clerk knows nothing of letters or runs.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

Job = Callable[[], Any]
Then = Callable[[Any], None]
Failed = Callable[[Exception], None]


class Clerk:
    """One thread, one job at a time, in order. `wake` ends the loop's wait when something is to be delivered."""

    def __init__(self, name: str, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: queue.SimpleQueue[tuple[Job, Then, Failed] | None] = queue.SimpleQueue()
        self._done: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._arrived = threading.Event()
        self._submitted = self._finished = 0  # each counted by one thread alone
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job, then: Then, failed: Failed) -> None:
        """Run `job()` in the thread; then `then(result)` or `failed(error)` in the thread that delivers."""
        self._submitted += 1
        self._jobs.put((job, then, failed))

    def do_here(self, job: Job, then: Then, failed: Failed) -> None:
        """As `submit`, but in this thread and at once, after what is to be delivered; unless a job is under way."""
        if self._finished != self._submitted:
            self.submit(job, then, failed)
            return
        self.deliver()
        try:
            news = job()
        except Exception as error:  # handed on, never swallowed
            failed(error)
        else:
            then(news)

    def post(self, then: Then, news: Any) -> None:
        """From any thread: have `then(news)` called by the next `deliver`, and wake the loop."""
        self._done.append((then, news))
        self._arrived.set()
        self._wake()

    def wait(self, timeout_s: float) -> None:
        """Until something is to be delivered; where the wire is not what is waited at."""
        self._arrived.wait(timeout_s)

    def deliver(self) -> None:
        """Call what waits, in the order in which it became ready."""
        self._arrived.clear()
        while self._done:
            then, news = self._done.popleft()
            then(news)

    def close(self) -> None:
        """Finish the jobs at hand and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (order := self._jobs.get()) is not None:
            job, then, failed = order
            try:
                self.post(then, job())
            except Exception as error:  # handed on to `failed`, never swallowed
                self.post(failed, error)
            self._finished += 1  # after its news: who sees this finds them waiting
