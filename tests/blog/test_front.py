"""The first page: for a visitor, and for an owner."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.blueprints.blog import front as page_of_front
from mailer.clock import utcnow
from mailer.models import DailyTotal, User
from mailer.rules.lifecycle import MailingStatus
from mailer.rules.outcome import Outcome
from mailer.services import front, mailings
from tests.blog.writers import make_post
from tests.pages.test_query_counts import Counter
from tests.support.people import sign_in
from tests.support.world import NOW, make_client, make_mailing, make_run, make_user

TODAY = date(2026, 3, 2)
LATER = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def plans() -> dict[str, dict[str, Any]]:
    return {
        "draft": {"is_draft": True, "next_run_at": None},
        "scheduled": {"next_run_at": LATER},
        "due now": {"next_run_at": NOW},
        "paused": {"paused_at": NOW},
        "stopped": {"stopped_at": NOW, "next_run_at": None},
        "switched off": {"disabled_at": NOW},
        "finished": {"next_run_at": None},
    }


@pytest.mark.both_databases
def test_active_means_the_same_as_in_the_table_of_statuses(session: Session) -> None:
    owner = make_user(session)
    made = []
    for facts in plans().values():
        for states in ((), ("open",), ("done",)):
            mailing = make_mailing(session, owner, **facts)
            for state in states:
                make_run(session, mailing, state=state)
            made.append(mailing)
    make_mailing(session, owner, archived_at=NOW)
    standings = mailings.standings(session, made, now=NOW)
    active = sum(one.status is MailingStatus.ACTIVE for one in standings)
    totals = front.totals(session, today=TODAY, now=NOW)
    assert (totals.mailings, totals.active) == (len(made), active)
    assert active > 0


def test_people_with_two_owners_count_once_and_letters_since_the_first(session: Session) -> None:
    one, other = make_user(session), make_user(session)
    for owner, email in ((one, "a@example.org"), (one, "b@example.org"), (other, "A@example.org")):
        make_client(session, owner, email=email)
    for on, outcome in (
        (TODAY, Outcome.ACCEPTED),
        (TODAY.replace(day=1), Outcome.ACCEPTED),
        (TODAY, Outcome.REFUSED),
        (TODAY - timedelta(days=2), Outcome.ACCEPTED),
    ):
        session.add(DailyTotal(owner_id=one.id, counted_on=on, outcome=outcome, n=10))
    totals = front.totals(session, today=TODAY, now=NOW)
    assert (totals.clients, totals.letters) == (2, 20)


def test_a_visitor_sees_what_it_is_the_numbers_and_three_posts(web: FlaskClient, session: Session) -> None:
    author = make_user(session)
    make_client(session, author)
    for n in range(5):
        make_post(session, author, title=f"Post {n}")
    make_post(session, author, title="Hidden", is_published=False)
    page = web.get("/").get_data(as_text=True)
    assert "Letters that leave on time" in page
    assert page.count('class="post-card card"') == 3
    assert "Hidden" not in page
    assert 'href="/auth/register"' in page


@pytest.mark.parametrize("cache_enabled", [True, False])
def test_numbers_that_are_slow_to_count_are_kept(
    make_app: Callable[..., Flask], session: Session, monkeypatch: pytest.MonkeyPatch, cache_enabled: bool
) -> None:
    web = make_app(cache_enabled=cache_enabled).test_client()
    monkeypatch.setattr(page_of_front, "QUICK_S", -1.0)
    monkeypatch.setattr(page_of_front, "PATIENCE", 1_000_000)

    def numbers() -> list[str]:
        session.commit()
        return re.findall(r'<div class="stat-value">(.*?)</div>', web.get("/").get_data(as_text=True))

    make_client(session, make_user(session))
    assert numbers() == ["0", "0", "1", "0"]
    make_client(session, make_user(session))
    assert numbers() == ["0", "0", "1", "0"]
    monkeypatch.setattr(page_of_front, "QUICK_S", 60.0)
    assert make_app(cache_enabled=False).test_client().get("/").get_data(as_text=True).count('"stat-value">2<') == 1


def test_a_slow_number_is_never_older_than_a_minute_and_a_quick_one_never_old(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_front, "PATIENCE", 1e9)
    monkeypatch.setattr(page_of_front, "QUICK_S", -1.0)
    now = utcnow()
    kept: page_of_front.Kept = {}

    def shown(later_s: float) -> int:
        session.commit()
        with app.test_request_context():
            return page_of_front._figure("clients", kept, now + timedelta(seconds=later_s))

    owner = make_user(session)
    make_client(session, owner)
    assert shown(0) == 1
    make_client(session, owner)
    assert [shown(1), shown(59), shown(61)] == [1, 1, 2]
    make_client(session, owner)
    assert [shown(62), shown(119), shown(122)] == [2, 2, 3]
    monkeypatch.setattr(page_of_front, "QUICK_S", 60.0)
    make_client(session, owner)
    assert shown(183) == 4
    assert kept == {}
    make_client(session, owner)
    assert shown(183) == 5


def test_a_table_that_takes_ten_milliseconds_to_count_is_not_counted_on_each_visit(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopwatch = count(0, 0.01)  # what the addresses of 20,000 clients take
    monkeypatch.setattr(page_of_front, "perf_counter", lambda: next(stopwatch))
    now = utcnow()
    kept: page_of_front.Kept = {}

    def shown(later_s: float) -> int:
        make_client(session, make_user(session))
        session.commit()
        with app.test_request_context():
            return page_of_front._figure("clients", kept, now + timedelta(seconds=later_s))

    assert [shown(0), shown(0.9), shown(1.1)] == [1, 1, 3]


def test_only_one_visitor_counts_a_slow_number_anew(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_front, "QUICK_S", -1.0)
    make_client(session, make_user(session))
    session.commit()
    old = 7, utcnow().timestamp() - 1
    with app.test_request_context():
        found = [page_of_front._figure("clients", {"clients": old}, utcnow()) for _ in range(3)]
    assert found == [1, 7, 7]


def test_an_owner_sees_what_runs_what_comes_and_what_went_wrong(web: FlaskClient, session: Session) -> None:
    owner, stranger = make_user(session), make_user(session)
    now = utcnow()
    make_run(session, make_mailing(session, owner, title="Runs", next_run_at=None))
    make_mailing(session, owner, title="Comes", next_run_at=now + timedelta(days=1))
    failed = make_mailing(session, owner, title="Failed", next_run_at=None)
    make_run(session, failed, state="done", refused=3, scheduled_for=now - timedelta(days=1))
    make_run(session, make_mailing(session, stranger, title="Foreign"), refused=1, scheduled_for=now)
    sign_in(web, owner)
    page = web.get("/").get_data(as_text=True)
    for word in ("Runs", "Comes", "Failed", "3 refused"):
        assert word in page
    assert "Foreign" not in page


def test_a_new_owner_is_told_what_to_do(web: FlaskClient, session: Session) -> None:
    sign_in(web, make_user(session))
    page = web.get("/").get_data(as_text=True)
    assert "Nothing is planned" in page
    assert 'href="/mailings/create"' in page


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_the_front_page_asks_the_database_no_more_when_there_is_more(
    web: FlaskClient, session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_signed_in: bool
) -> None:
    monkeypatch.setattr(page_of_front, "QUICK_S", 60.0)  # a kept figure would ask less
    owner: User = make_user(session)
    if is_signed_in:
        sign_in(web, owner)

    def queries() -> int:
        counter = Counter(engine)
        assert web.get("/").status_code == 200
        return counter.n

    def grow() -> None:
        for _ in range(6):
            make_post(session, make_user(session))
            make_run(session, make_mailing(session, owner), scheduled_for=utcnow(), refused=1)
        session.commit()

    grow()
    few = queries()
    grow()
    assert queries() == few
