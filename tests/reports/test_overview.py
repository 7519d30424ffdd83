"""All mailings at a glance, and one mailing's runs side by side: from kept counters, one's own."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import DailyTotal, HeldReason, User
from mailer.rules.outcome import Outcome
from mailer.services import reports
from tests.reports.logbook import finished_run
from tests.support.world import make_mailing, make_run


def count(session: Session, owner: User, on: date, outcome: Outcome, n: int) -> None:
    session.add(DailyTotal(owner_id=owner.id, counted_on=on, outcome=outcome, n=n))


@pytest.mark.both_databases
def test_the_overview_sums_the_period_and_nobody_else_s(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    today = utcnow().date()
    count(session, owner, today, Outcome.ACCEPTED, 900)
    count(session, owner, today - timedelta(days=6), Outcome.REFUSED, 100)
    count(session, owner, today - timedelta(days=7), Outcome.ACCEPTED, 7000)
    count(session, stranger, today, Outcome.ACCEPTED, 5)
    week = web.get("/reports/?days=7").text
    assert re.findall(r'stat-value">([^<]*)<', week) == ["900", "100", "0", "0"]
    assert "90.0 %" in week or "90 %" in week
    assert week.count('<th scope="row">') == 14
    assert re.findall(r'stat-value">([^<]*)<', web.get("/reports/").text)[0] == "7,900"


def test_days_without_letters_are_zeros_not_gaps(session: Session) -> None:
    found = reports.per_day(session, 1, until=date(2026, 3, 2), days=30)
    days = list(found)
    assert (days[0], days[-1], len(days)) == (date(2026, 2, 1), date(2026, 3, 2), 30)
    assert all(set(counts.values()) == {0} for counts in found.values())


def test_an_odd_period_is_the_usual_one(web: FlaskClient, session: Session, owner: User) -> None:
    finished_run(session, owner, [Outcome.ACCEPTED])
    for days in ("0", "-1", "99999999999", "x", "١"):
        assert web.get("/reports/", query_string={"days": days}).text.count('<th scope="row">') == 60


def test_a_new_owner_is_told_what_to_do(web: FlaskClient, owner: User) -> None:
    page = web.get("/reports/").text
    assert "Nothing was sent yet" in page
    assert "data-chart" not in page


def test_runs_of_a_mailing_stand_side_by_side(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, archived_at=utcnow())
    for n in range(1, 21):
        finished_run(session, owner, [Outcome.ACCEPTED] * n, mailing=mailing, due_on=date(2026, 3, n))
    page = web.get(f"/reports/mailings/{mailing.id}").text
    assert "This mailing was deleted" in page
    assert page.count("/reports/runs/") == 15
    assert web.get(f"/reports/mailings/{mailing.id}?page=2").text.count("/reports/runs/") == 5


def test_a_stranger_s_mailing_is_a_missing_one(web: FlaskClient, session: Session, owner: User, stranger: User) -> None:
    mailing = make_mailing(session, stranger)
    session.commit()
    assert web.get(f"/reports/mailings/{mailing.id}").status_code == 404
    assert web.get("/reports/mailings/999999").status_code == 404


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/reports/", "/reports/mailings/{mailing}"])
def test_the_number_of_queries_does_not_grow(
    web: FlaskClient, session: Session, owner: User, engine: Engine, path: str
) -> None:
    mailing = make_mailing(session, owner)
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *facts: said.append(facts[2]))

    def queries() -> int:
        session.commit()
        said.clear()
        assert web.get(path.format(mailing=mailing.id)).status_code == 200
        return sum("SELECT" in one for one in said)

    finished_run(session, owner, [Outcome.ACCEPTED], mailing=mailing)
    queries()
    few = queries()
    for n in range(3, 15):
        finished_run(session, owner, [Outcome.ACCEPTED], mailing=mailing, due_on=date(2026, 3, n))
        held = make_run(session, make_mailing(session, owner), held_reason=HeldReason.SERVER, held_at=utcnow())
        held.held_words = "421 later"
    assert queries() <= few + 1  # the mailing of `held` may be read once


def test_signed_out_nobody_sees_reports(web: FlaskClient, session: Session) -> None:
    for path in ("/reports/", "/reports/runs/1", "/reports/runs/1/live", "/reports/attempts", "/reports/attempts.csv"):
        response = web.get(path)
        assert response.status_code in {302, 303}
        assert "/auth/login" in response.headers["Location"]
