"""A worker in a hurry: all its clocks run thirty times faster, the lease of 60 s is over after two of ours.

    python -m tests.engine.faults.hurried

The parts of a shift are handed to it: here the database's lease clock and the process's own clock are other ones. So
a test can let a lease truly run out, and the fence with it, without a minute's wait. Sends until everything is sent.
"""

import time
from dataclasses import replace

from flask import Flask

from mailer.app import create_app
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.postgres import PostgresDriver
from mailer.dispatch.ledger.sqlite import SqliteDriver
from mailer.dispatch.loop.parts import Parts

HURRY = 30
SLICE_S = 20.0 * HURRY


class HurriedSqlite(SqliteDriver):
    """Its minutes are two seconds."""

    def later(self, seconds: int) -> str:
        return super().later(seconds // HURRY)

    def seconds_since(self, column: str) -> str:
        return f"{HURRY} * ({super().seconds_since(column)})"


class HurriedPostgres(PostgresDriver):
    """The same."""

    def later(self, seconds: int) -> str:
        return super().later(seconds // HURRY)

    def seconds_since(self, column: str) -> str:
        return f"{HURRY} * ({super().seconds_since(column)})"


def hurried(parts: Parts) -> Parts:
    """The same parts with the faster clocks."""
    database = parts.database
    driver: Driver = HurriedSqlite(database) if database.dialect.name == "sqlite" else HurriedPostgres(database)
    return replace(parts, ledger=SqlLedger(driver, Limits()), monotonic=lambda: time.monotonic() * HURRY)


def send(app: Flask) -> None:
    """Until nothing is left to do now, or another process sends."""
    engine = Engine(hurried(build_engine(app).parts))
    while not (report := engine.work(SLICE_S)).is_over and not report.is_elsewhere:
        pass
    engine.close()


if __name__ == "__main__":
    send(create_app())
