"""The queue's tasks for sending: the minute's tick and the engine's slices; others hang theirs beside them.

They carry nothing but their names; a lost or doubled one harms nothing, for the database is the truth.
"""

import atexit
import logging
import os
import threading

from flask import Flask
from huey import Huey, crontab

from mailer.clock import utcnow
from mailer.dispatch import exports
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.tick import tick

# a gentle stop takes a slice and what is on the wire (25 s), in less than 30 s together
SLICE_S = 4.0
INVITE_S = 0.5  # work that lasts longer is shared with other consumers
TICK_PRIORITY = 10
SLICE_PRIORITY = 1

log = logging.getLogger(__name__)


class EngineRoom:
    """The one engine of this process, made at the first task; a forked child makes its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._pid = 0

    def engine(self) -> Engine:
        """Made when first wanted, for workers may be forked after the app was made."""
        with self._lock:
            if self._engine is None or self._pid != os.getpid():
                self._engine, self._pid = build_engine(self._app), os.getpid()
                atexit.register(self.close)
            return self._engine

    def close(self) -> None:
        """The gentle stop; the next task would make a new engine."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None and self._pid == os.getpid():
            engine.close()


def register(app: Flask, huey: Huey) -> Huey:
    """Hang our tasks on this process's queue and hand it back; `app.extensions["mailer.bell"]` rings for a tick."""
    room = EngineRoom(app)
    app.extensions["mailer.room"] = room

    @huey.task(priority=SLICE_PRIORITY, name="slice")
    def work_a_slice() -> None:
        for seconds in (INVITE_S, SLICE_S - INVITE_S):
            report = room.engine().work(seconds)
            if report.is_over or report.is_elsewhere:
                return
            if not is_queued(huey, "slice"):
                work_a_slice()  # for an idle consumer to join in at once, or for this one to go on

    @huey.periodic_task(crontab(), priority=TICK_PRIORITY, name="tick")
    def tick_each_minute() -> None:
        engine = room.engine()
        try:
            tick(engine.parts.ledger, now=utcnow(), folder=engine.parts.folder, on_opened=engine.begin)
        except LedgerUnavailable as error:
            log.error("the tick cannot reach the database: %s", error)
            return
        if not is_queued(huey, "slice"):
            work_a_slice()

    exports.register(app, huey)
    huey.on_shutdown()(room.close)
    app.extensions["mailer.bell"] = tick_each_minute
    return huey


def is_queued(huey: Huey, name: str) -> bool:
    """True when such a task waits already: another would only grow the queue."""
    return any(task.name == name for task in huey.pending(limit=20))
