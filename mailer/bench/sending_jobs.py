"""Jobs that send, done inside the measured process: the real engine over the real ledger, its clocks read around it."""

import resource
import sys
import time
from dataclasses import replace
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.bench.plain import Author, send_plainly
from mailer.bench.running import BenchError
from mailer.bench.stopwatch import StatementCount, TimedLedger
from mailer.clock import utcnow
from mailer.config import Sending
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.ledger import open_driver
from mailer.dispatch.letters import unsubscribe_key
from mailer.dispatch.tick import tick
from mailer.mail.wire import Lessons, Limits, Server
from mailer.models import Run, RunState, User

LONGEST_S = 900.0
SLICE_S = 10.0
TICKS = 50
AS_DELIVERED = Sending().connections  # at most: a run begins with ten
LEARNED = Lessons()  # from round to round of one measured process, as a consumer keeps it from run to run
Facts = dict[str, float]


def send(app: Flask, *, port: int, connections: int = AS_DELIVERED) -> Facts:
    """Open what is due and send it to the end; from the tick's first moment to the closing of the last run."""
    engine, ledger = _engine(app, port, connections)
    cpu_s, begun_s = _cpu_s(), time.monotonic()
    tick(ledger, now=utcnow(), folder=engine.parts.folder, on_opened=engine.begin)
    while not engine.work(SLICE_S).is_over:
        if time.monotonic() > begun_s + LONGEST_S:
            raise BenchError("sending did not come to an end")
    cpu_s = _cpu_s() - cpu_s
    engine.close()
    letters = _accepted(engine, ledger)
    return {
        "letters": letters,
        "runs": ledger.closed,
        "wall_s": ledger.closed_s - begun_s,
        "cpu_s": cpu_s,
        "db_wall_us": ledger.db_wall_s / letters * 1e6,
        "db_cpu_us": ledger.db_cpu_s / letters * 1e6,
        "first_s": ledger.first_s - begun_s,
        "peak_mb": peak_mb(),
    }


def plain(app: Flask, *, port: int, count: int) -> Facts:
    """The loop to compare with, in this process and on this database."""
    config = app.config["MAILER"]
    database = build_engine(app).parts.database
    with Session(database) as session:
        owner = session.scalars(select(User).order_by(User.id).limit(1)).one()
    links, key = f"{config.public_url}/unsubscribe/", unsubscribe_key(database)
    author = Author(config.mail.sender, owner.display_name, owner.email, links, key)
    cpu_s, begun_s = _cpu_s(), time.monotonic()
    send_plainly(database, author=author, port=port, count=count)
    return {"letters": count, "wall_s": time.monotonic() - begun_s, "cpu_s": _cpu_s() - cpu_s}


def start(app: Flask, *, port: int) -> Facts:
    """Tick and send for a moment only: the receiver tells when the first letter was answered."""
    engine, ledger = _engine(app, port, AS_DELIVERED)
    tick_s = time.monotonic()
    tick(ledger, now=utcnow(), folder=engine.parts.folder, on_opened=engine.begin)
    engine.work(1.0)
    engine.close()
    return {"tick_s": tick_s, "first_s": ledger.first_s - tick_s, "peak_mb": peak_mb()}


def quiet_tick(app: Flask) -> Facts:
    """The whole minute's work when nothing is due, the median of many; and only the look for what is due."""
    engine, ledger = _engine(app, 1, 1)
    count = StatementCount(ledger._driver)
    whole, look = [], []
    for _ in range(TICKS):
        count.n, begun_s = 0, time.monotonic()
        tick(ledger, now=utcnow(), folder=engine.parts.folder)
        whole.append(time.monotonic() - begun_s)
        statements, begun_s = count.n, time.monotonic()
        ledger.open_due(utcnow())
        look.append(time.monotonic() - begun_s)
    whole.sort()
    look.sort()
    return {"tick_ms": whole[TICKS // 2] * 1000, "look_ms": look[TICKS // 2] * 1000, "statements": statements}


def peak_mb() -> float:
    """The most memory that this process has ever had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _engine(app: Flask, port: int, connections: int) -> tuple[Engine, TimedLedger]:
    made = build_engine(app).parts
    ledger = TimedLedger(open_driver(made.database))
    server = Server("127.0.0.1", port, made.server.settings)
    config = replace(made.config, sending=replace(made.config.sending, connections=connections))
    limits = Limits(connections=connections)
    parts = replace(made, ledger=ledger, server=server, limits=limits, config=config, lessons=LEARNED)
    return Engine(parts), ledger


def _accepted(engine: Engine, ledger: TimedLedger) -> int:
    """How many were sent by the runs of today; a figure of a run that is not done would be a lie."""
    with engine.parts.database.connect() as connection:
        since = utcnow() - timedelta(seconds=LONGEST_S)
        runs = connection.execute(
            select(Run.state, Run.accepted, Run.total).where(Run.opened_at > since).order_by(Run.id.desc())
        ).all()
    mine = runs[: ledger.closed]
    if not mine or any(run.state is not RunState.DONE for run in runs) or any(r.accepted != r.total for r in mine):
        raise BenchError("not everybody got a letter")
    return sum(run.accepted for run in mine)


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
