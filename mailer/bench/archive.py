"""A long log to measure reports over: one owner's ninety days of forty mailings, one run of them as long as half of
the whole, many of them short; made by the database itself and counted by the product's own chore."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from mailer.bench import world
from mailer.clock import utcnow
from mailer.dispatch import summaries
from mailer.models import Run, RunState

MAILINGS, DAYS = 40, 90
# of the log's rows: (share of each run, how many such runs); what is left goes into short runs
LONG = ((0.5, 1), (0.1, 3), (0.01, 10))
SHORTEST, PER_SECOND = 100, 5000

_DOMAINS = """CASE n.i % 10 WHEN 0 THEN 'gmail.com' WHEN 1 THEN 'gmail.com' WHEN 2 THEN 'mail.ru' WHEN 3 THEN 'mail.ru'
  WHEN 4 THEN 'yandex.ru' WHEN 5 THEN 'outlook.com' WHEN 6 THEN 'icloud.com'
  ELSE 'house' || (n.i % 997) || '.example' END"""
_MOMENTS = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', r.opened_at, '+' || (n.i / {rate}.0) || ' seconds')",
    "postgresql": "r.opened_at + n.i / {rate}.0 * interval '1 second'",
}
# in a thousand: one unanswered, five skipped, fifteen refused in two ways, ten put off and taken later
_FIRST = """CASE WHEN n.i % 1000 = 0 THEN {unanswered} WHEN n.i % 1000 < 6 THEN {skipped}
  WHEN n.i % 1000 < 16 THEN {dead} WHEN n.i % 1000 < 21 THEN {spam}
  WHEN n.i % 1000 < 31 THEN {later} ELSE {taken} END"""
_COLUMNS = {
    "outcome": ("'unanswered'", "'skipped'", "'refused'", "'refused'", "'deferred'", "'accepted'"),
    "reason": ("NULL", "'unsubscribed'", "NULL", "NULL", "NULL", "NULL"),
    "reply_code": ("NULL", "NULL", "550", "550", "451", "250"),
    "reply_text": (
        "''", "''", "'5.1.1 <c' || n.i || '@example.org>: User unknown'", "'5.7.1 Message looks like spam'",
        "'4.7.1 Greylisted, try again later'", "'2.0.0 Ok: queued as 4X' || n.i",
    ),
}  # fmt: skip
# unanswered, skipped, refused
_RANGES = (range(1), range(1, 6), range(6, 21))
_KINDS = ("unanswered", "skipped", "dead", "spam", "later", "taken")
_DAYS = """
INSERT INTO daily_total (owner_id, counted_on, outcome, n)
SELECT owner_id, due_on, 'accepted', sum(accepted) FROM run GROUP BY owner_id, due_on
UNION ALL SELECT owner_id, due_on, 'refused', sum(refused) FROM run GROUP BY owner_id, due_on"""


@dataclass(frozen=True, slots=True)
class Archive:
    """How many attempts there are, the longest run and a short one, and how long counting them took."""

    rows: int
    longest: int
    length: int
    short: int
    counted_s: float
    idle_ms: float


def fill(engine: Engine, owner_id: int, rows: int) -> Archive:
    """About so many attempts of this owner, who has MAILINGS mailings (world.plan) already."""
    lengths = [max(1, int(rows * share)) for share, n in LONG for _ in range(n)]
    left = rows - sum(lengths)
    short = min(max(1, left // SHORTEST), MAILINGS * DAYS - len(lengths))
    lengths += [max(1, left // short)] * short
    _add_runs(engine, owner_id, lengths)
    for length in sorted(set(lengths)):
        _add_attempts(engine, length)
    _run(engine, _DAYS)
    world.settle_down(engine)
    counted_s, idle_ms = _count(engine)
    world.settle_down(engine)
    return Archive(_size(engine), 1, lengths[0], len(lengths), counted_s, idle_ms)


def _add_runs(engine: Engine, owner_id: int, lengths: list[int]) -> None:
    """The newest runs are the shortest: the long ones lie deep."""
    at = utcnow().replace(microsecond=0)
    rows = [_run_row(owner_id, place, length, at, len(lengths)) for place, length in enumerate(lengths)]
    with Session(engine) as session:
        session.execute(insert(Run), rows)
        session.commit()


def _run_row(owner_id: int, place: int, length: int, at: datetime, count: int) -> dict[str, object]:
    day = at - timedelta(days=1 + (count - 1 - place) // MAILINGS, minutes=7 * (place % MAILINGS))
    thousandths = [sum(i % 1000 in kind for i in range(1, length % 1000 + 1)) for kind in _RANGES]
    unanswered, skipped, refused = (
        length // 1000 * len(kind) + rest for kind, rest in zip(_RANGES, thousandths, strict=True)
    )
    return {
        "mailing_id": 1 + place % MAILINGS, "owner_id": owner_id, "due_on": day.date(), "scheduled_for": day,
        "state": RunState.DONE, "is_exhausted": True, "expected": length, "total": length,
        "accepted": length - unanswered - skipped - refused, "unanswered": unanswered, "skipped": skipped,
        "refused": refused, "opened_at": day, "finished_at": day + timedelta(seconds=length / PER_SECOND + 400),
    }  # fmt: skip


def _add_attempts(engine: Engine, length: int) -> None:
    moment = _MOMENTS[engine.dialect.name].format(rate=PER_SECOND)
    facts = [_FIRST.format(**dict(zip(_KINDS, values, strict=True))) for values in _COLUMNS.values()]
    later = "n.i % 1000 BETWEEN 21 AND 30"
    for number, cells, which in (
        (1, ", ".join(facts), "n.i > 0"),
        (2, "'accepted', NULL, 250, '2.0.0 Ok: queued as 5X' || n.i", later),
    ):
        _run(
            engine,
            f"""
            INSERT INTO attempt (run_id, client_id, number, address, started_at, took_ms, {", ".join(_COLUMNS)},
              is_rebuilt)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :length)
            SELECT r.id, n.i, {number}, 'c' || n.i || '@' || {_DOMAINS}, {moment}, 12, {cells}, :no
            FROM run r CROSS JOIN n WHERE r.total = :length AND {which}""",  # noqa: S608 - our own constants
            length=length,
            no=False,
        )


def _count(engine: Engine) -> tuple[float, float]:
    """Seconds of the chore over the whole log, milliseconds of it when all is counted."""
    with Session(engine) as session:
        begun_s = time.monotonic()
        summaries.keep(session, now=utcnow(), commit=session.commit, slice_s=1e9)
        counted_s, idle = time.monotonic() - begun_s, []
        for _ in range(50):
            begun_s = time.monotonic()
            summaries.keep(session, now=utcnow(), commit=session.commit)
            idle.append(time.monotonic() - begun_s)
    return counted_s, sorted(idle)[25] * 1000


def _size(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM attempt")).scalar_one())


def _run(engine: Engine, sql: str, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(text(sql), values)
