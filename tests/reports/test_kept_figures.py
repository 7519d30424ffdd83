"""Pages over kept figures: exact whatever the size, in the owner's hours, and gone when the run goes on."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.blueprints.reports import timeline
from mailer.clock import utcnow
from mailer.dispatch import summaries
from mailer.models import Run, User
from mailer.rules.outcome import Outcome
from mailer.services import overviews, run_figures, runs, troubles
from mailer.services.run_figures import Times
from tests.reports.logbook import finished_run, row, write

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MANY = Counter({Outcome.ACCEPTED: 1_000_000, Outcome.REFUSED: 1})
SOME = [Outcome.ACCEPTED] * 5 + [Outcome.REFUSED] * 2 + [Outcome.SKIPPED, Outcome.UNANSWERED]


def keep(session: Session) -> None:
    session.commit()
    assert summaries.keep(session, now=NOW, commit=session.commit)


def recent_run(session: Session, owner: User, at: datetime, outcomes: list[Outcome]) -> Run:
    """A run of this month: the overview looks at the last days."""
    run = finished_run(session, owner, [], due_on=at.date(), finished_at=at + timedelta(minutes=9))
    run.opened_at = at
    rows = [row(run, n, one, started_at=at + timedelta(minutes=n)) for n, one in enumerate(outcomes, start=1)]
    write(session, run, rows)
    return run


@pytest.mark.both_databases
def test_kept_and_counted_figures_are_the_same(session: Session, owner: User) -> None:
    run = recent_run(session, owner, NOW, SOME)
    counted = run_figures.of_run(session, run)
    keep(session)
    session.refresh(run)
    kept = run_figures.of_run(session, run)
    assert kept.domains == counted.domains
    assert kept.times == counted.times
    assert key_of(kept) == key_of(counted)


def key_of(figures: run_figures.RunFigures) -> list[tuple[object, ...]]:
    groups = figures.troubles.groups
    return sorted((one.n, one.outcome, one.reason or "", one.code or 0, one.enhanced) for one in groups)


def test_a_counted_run_s_page_says_nothing_of_first_ones(
    web: FlaskClient, session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "LOOKED_AT", 1)
    monkeypatch.setattr(troubles, "ADDRESSES_LOOKED_AT", 3)
    run = recent_run(session, owner, NOW, SOME)
    before = web.get(f"/reports/runs/{run.id}").text
    assert "Of the first 3 attempts" in before
    assert "it is being counted" in before
    assert "Grouped from the first 1 of each outcome" in before
    keep(session)
    after = web.get(f"/reports/runs/{run.id}").text
    assert "the first" not in after
    assert "it is being counted" not in after
    assert "× 2" in after


@pytest.mark.both_databases
def test_a_run_opened_again_is_counted_from_its_rows_until_it_is_closed(
    web: FlaskClient, session: Session, owner: User
) -> None:
    run = recent_run(session, owner, NOW, SOME)
    keep(session)
    session.refresh(run)
    assert run.summarised_at == NOW
    assert runs.resend_unanswered(session, run, now=NOW) == 1
    session.commit()
    assert (run.summarised_at, run.summarised_upto) == (None, -1)
    assert summaries.keep(session, now=NOW, commit=session.commit) == 0
    assert web.get(f"/reports/runs/{run.id}").status_code == 200


def test_rare_domains_wait_behind_a_line(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, [])
    write(session, run, [row(run, n, address=f"a@house{n:03}.example") for n in range(1, 81)])
    keep(session)
    page = web.get(f"/reports/runs/{run.id}").text
    assert "39 more domains" in page
    assert page.count(".example</th>") == 50
    assert "all others" in page


@pytest.mark.both_databases
def test_hours_are_those_of_the_owner(session: Session, owner: User) -> None:
    recent_run(session, owner, datetime(2026, 3, 1, 20, 44, tzinfo=UTC), [Outcome.ACCEPTED] * 2)
    keep(session)
    for name, hours in (("UTC", {20: 2}), ("Asia/Kolkata", {2: 2}), ("America/New_York", {15: 2})):
        found = overviews.take(session, owner.id, since=NOW - timedelta(days=3), zone=ZoneInfo(name))
        assert {hour: counts.total() for hour, counts in enumerate(found.hours) if counts.total()} == hours


@pytest.mark.both_databases
def test_the_overview_shows_hours_and_replies_of_the_period_and_nobody_else_s(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    at = utcnow() - timedelta(days=2)
    recent_run(session, owner, at, [Outcome.ACCEPTED, *[Outcome.REFUSED] * 3, Outcome.DEFERRED, Outcome.ACCEPTED])
    recent_run(session, owner, at - timedelta(days=20), [Outcome.REFUSED] * 40)
    recent_run(session, stranger, at, [Outcome.REFUSED] * 500)
    keep(session)
    week = web.get("/reports/?days=7").text
    assert "There is no such mailbox" in week
    assert re.findall(r"550 5\.1\.1</th><td data-value=\"(\d+)\"", week) == ["3"]
    assert re.findall(r"451 4\.7\.1</th><td data-value=\"(\d+)\"", week) == ["1"]
    assert re.findall(r"550 5\.1\.1</th><td data-value=\"(\d+)\"", web.get("/reports/").text) == ["43"]
    assert week.count(":00</th>") == 24


def test_a_timeline_has_bars_and_their_numbers(web: FlaskClient, session: Session, owner: User) -> None:
    run = recent_run(session, owner, NOW, SOME)
    keep(session)
    page = web.get(f"/reports/runs/{run.id}").text
    assert page.count("<rect") == len(SOME)
    assert 'class="is-refused"' in page
    assert "Show the numbers" in page


def test_a_single_moment_is_no_line() -> None:
    assert timeline.draw(Times(1, [(NOW, MANY)])) is None
    assert timeline.draw(Times(1, [])) is None


def test_a_long_run_s_bars_are_joined_and_none_is_too_small_to_see() -> None:
    pieces = [(NOW + timedelta(minutes=15 * n), MANY) for n in range(1000)]
    drawn = timeline.draw(Times(900, pieces))
    assert drawn
    assert drawn.bars <= timeline.MOST + 1
    assert drawn.totals[Outcome.REFUSED] == 1000
    assert min(block.height for block in drawn.blocks) >= timeline.LEAST
    assert all(block.y >= 0 and block.y + block.height <= timeline.HEIGHT for block in drawn.blocks)
