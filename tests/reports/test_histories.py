"""Whatever has happened to a run, in any order: what is told of it equals a plain recount of its rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.blueprints.reports import overview
from mailer.dispatch import summaries
from mailer.dispatch.ledger import open_ledger
from mailer.models import Attempt, Run
from mailer.rules.outcome import FINALS, Outcome
from mailer.services import log_pages, run_figures
from tests.reports.histories import ENDS, ZONES, History
from tests.support.people import sign_in

FOUR = (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.SKIPPED, Outcome.UNANSWERED)
STAT = re.compile(r'stat-value">([^<]*)<')


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", [14, 15])
def test_every_figure_is_a_recount(
    web: FlaskClient, session: Session, engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 9)
    for name, few in (("SMALL", 4), ("TOGETHER", 9), ("MOST_BITES", 2), ("RUNS_AT_ONCE", 3)):
        monkeypatch.setattr(log_pages, name, few)
    luck, now = Random(seed), ENDS[seed % 2]
    monkeypatch.setattr(overview, "utcnow", lambda: now)
    zone, locale = ZONES[luck.randrange(len(ZONES))], ("en", "ru")[seed % 2]
    past = History(session, open_ledger(engine), luck, now, time_zone=zone, locale=locale)
    for _ in range(120):
        past.step()
    past.finish()
    sign_in(web, past.owner)
    session.expire_all()
    runs = session.scalars(select(Run).order_by(Run.scheduled_for.desc(), Run.id.desc())).all()
    log = {run: rows_of(session, run) for run in runs}
    for run, rows in log.items():
        check_run(web, session, run, rows)
    for days in (7, 30, 90):
        check_overview(web, log, now.astimezone(ZoneInfo(zone)), days)
    for outcome in (None, *Outcome):
        check_log(web, [row for rows in log.values() for row in rows], outcome)


def rows_of(session: Session, run: Run) -> Sequence[Attempt]:
    mine = select(Attempt).where(Attempt.run_id == run.id)
    return session.scalars(mine.order_by(Attempt.client_id, Attempt.number)).all()


def check_run(web: FlaskClient, session: Session, run: Run, rows: Sequence[Attempt]) -> None:
    """The counters, the page and what moves of it, the groups and the domains, the times."""
    final = Counter(row.outcome for row in rows if row.outcome in FINALS and row.resent_at is None)
    page, live = (web.get(f"/reports/runs/{run.id}{part}").text for part in ("", "/live"))
    assert [getattr(run, outcome) for outcome in FOUR] == [final[outcome] for outcome in FOUR]
    shown = STAT.findall(page)
    assert STAT.findall(live) == shown
    assert shown[:4] == [str(final[outcome]) for outcome in FOUR]
    assert shown[-1] == "…" or sum(map(int, shown[:-1])) == int(shown[-1])
    figures = run_figures.of_run(session, run)
    troubled = [row for row in rows if row.outcome is not Outcome.ACCEPTED]
    assert sum(map(int, re.findall(r"× (\d+)</span></h3>", page))) == len(troubled)
    by_domain = Counter((row.address.rpartition("@")[2], row.outcome) for row in rows)
    told = {(domain, outcome): n for domain, counts in figures.domains.rows for outcome, n in counts.items()}
    assert sum(told.values()) == len(rows)
    assert all(by_domain[key] == n for key, n in told.items() if key[0])
    width = figures.times.width_s
    times = Counter((int(row.started_at.timestamp()) // width * width, row.outcome) for row in rows)
    pieces = figures.times.pieces
    assert {(int(at.timestamp()), outcome): n for at, counts in pieces for outcome, n in counts.items()} == times


def check_overview(web: FlaskClient, log: dict[Run, Sequence[Attempt]], now: datetime, days: int) -> None:
    """Days and hours of the owner's own clock; hours are those of runs that are counted."""
    page = web.get(f"/reports/?days={days}").text
    first = now.date() - timedelta(days=days - 1)
    per_day: Counter[Any] = Counter()
    per_hour: Counter[Any] = Counter()
    for run, rows in log.items():
        for row in rows:
            at = row.started_at.astimezone(now.tzinfo)
            per_day[at.date(), row.outcome] += first <= at.date() <= now.date()
            per_hour[at.hour, row.outcome] += run.summarised_at is not None and first <= at.date()
    lines = [
        [int(n) for n in re.findall(r'data-value="(\d+)"', cells)]
        for cells in re.findall(r'<tr><th scope="row">[^<]*</th>(.*?)</tr>', page, re.DOTALL)
    ]
    wanted = [[per_day[first + timedelta(days=n), outcome] for outcome in FOUR] for n in range(days)]
    assert lines[:days] == wanted
    assert STAT.findall(page) == [str(sum(column)) for column in zip(*wanted, strict=True)]
    if per_hour.total():
        hours = lines[2 * days : 2 * days + 24]
        assert hours == [[per_hour[hour, one] for one in (*FOUR, Outcome.DEFERRED)] for hour in range(24)]


def check_log(web: FlaskClient, rows: Sequence[Attempt], outcome: Outcome | None) -> None:
    """The file, and the pages one after another: all rows, in order."""
    wanted = [(row.address, row.outcome.value, str(row.number)) for row in rows if outcome in {None, row.outcome}]
    asked = {"outcome": outcome or "", "after": ""}
    text = web.get("/reports/attempts.csv", query_string=asked).get_data().decode("utf-8-sig")
    assert [(one["address"], one["outcome"], one["attempt"]) for one in csv.DictReader(io.StringIO(text))] == wanted
    found: list[Any] = []
    while True:
        page = web.get("/reports/attempts", query_string=asked).text
        line = r'<td [^>]*><span>([^<\s]*@[^<\s]*)(?:(?!</tr>).)*?data-status="(\w+)"(?:(?!</tr>).)*?(\d+)</td>\s*</tr>'
        found += re.findall(line, page, re.DOTALL)
        following = re.search(r'rel="next" href="[^"]*after=([\d.]+)', page)
        if following is None:
            break
        asked["after"] = following[1]
    assert found == wanted
