"""The queue's tasks for sending: the minute's tick and the engine's slices; others hang theirs beside them.

They carry nothing but their names; a lost or doubled one harms nothing, for the database is the truth.
"""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from flask import Flask
from huey import Huey, crontab
from huey.api import Task, TaskWrapper

from mailer.clock import utcnow
from mailer.dispatch import exports
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.ledger.interface import Ledger, LedgerUnavailable
from mailer.dispatch.tick import tick

# a gentle stop takes a slice and what is on the wire (25 s), in less than 30 s together
SLICE_S = 3.0
INVITE_S = 0.5  # work that lasts longer is shared with other consumers
A_TICK_S = 60.0  # whatever waits longer, a tick finds
TICK_PRIORITY = 10
SLICE_PRIORITY = 1

log = logging.getLogger(__name__)


class EngineRoom:
    """The one engine of this process, made at the first task; a forked child makes its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._is_closed = False
        self._pid = 0

    def engine(self) -> Engine:
        """Made when first wanted, for workers may be forked after the app was made."""
        with self._lock:
            if self._engine is None or self._pid != os.getpid():
                self._engine, self._pid = build_engine(self._app), os.getpid()
                atexit.register(self.close)
                if self._is_closed:
                    self._engine.close()
            return self._engine

    def close(self) -> None:
        """The gentle stop, for good: a slice that another worker has under way finds an engine that takes no work."""
        with self._lock:
            engine, self._is_closed = self._engine, True
        if engine is not None and self._pid == os.getpid():
            engine.close()


def register(app: Flask, huey: Huey) -> Huey:
    """Hang our tasks on this process's queue and hand it back; `app.extensions["mailer.bell"]` rings for a tick."""
    room = EngineRoom(app)
    app.extensions["mailer.room"] = room
    go_on = _register_slices(huey, room)

    @huey.periodic_task(crontab(), priority=TICK_PRIORITY, name="tick")
    def tick_each_minute() -> None:
        engine = room.engine()
        try:
            tick(engine.parts.ledger, now=utcnow(), folder=engine.parts.folder, on_opened=engine.begin)
        except LedgerUnavailable as error:
            log.error("the tick cannot reach the database: %s", error)
            return
        go_on()

    exports.register(app, huey)
    huey.on_shutdown()(room.close)
    app.extensions["mailer.bell"] = tick_each_minute
    return huey


def _register_slices(huey: Huey, room: EngineRoom) -> Callable[[], None]:
    """The engine's work; what is returned asks for it, unless it is asked for already."""

    @huey.task(priority=SLICE_PRIORITY, name="slice")
    def work_a_slice() -> None:
        for seconds in (INVITE_S, SLICE_S - INVITE_S):
            report = room.engine().work(seconds)
            if report.is_over and not report.is_taken:
                come_back(huey, room.engine().parts.ledger, after_pause)
            if report.is_over or report.is_elsewhere or report.is_stuck:
                return  # of what is left the next tick knows
            go_on()  # for an idle consumer to join in at once, or for this one to go on

    def go_on() -> None:
        if not is_named("slice", huey.pending(limit=20)):  # another would only grow the queue
            work_a_slice()

    after_pause = huey.task(priority=SLICE_PRIORITY, name="after_pause")(go_on)
    return go_on


def come_back(huey: Huey, ledger: Ledger, task: TaskWrapper) -> None:
    """Run this when the first run that rests may be sent again: a short pause must not last until the tick."""
    with suppress(LedgerUnavailable):
        pause_s = ledger.pause_s()
        if pause_s is not None and pause_s < A_TICK_S and not is_named("after_pause", huey.scheduled()):
            task.schedule(delay=pause_s + 0.1)


def is_named(name: str, tasks: Iterable[Task]) -> bool:
    """One of these tasks has this name."""
    return any(task.name == name for task in tasks)
