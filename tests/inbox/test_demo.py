"""The demo data: a story whose numbers add up, planted once, and never in production."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import Attempt, Client, DailyTotal, Mailing, Message, Post, Run, RunState, User
from mailer.rules.outcome import FINALS
from mailer.rules.schedule import Frequency, to_wall
from mailer.services.demo import cast
from mailer.services.passwords import trouble_with
from tests.support.people import post


@pytest.fixture
def planted(app: Flask) -> str:
    """What the command said."""
    done = app.test_cli_runner().invoke(args=["demo"])
    assert done.exit_code == 0, done.output
    return done.output


def test_it_prints_who_may_sign_in_and_the_password_is_right(app: Flask, planted: str) -> None:
    assert cast.PASSWORD in planted
    for person in (cast.OWNER, *cast.STAFF):
        assert person.email in planted
        assert post(app.test_client(), "/auth/login", login=person.email, password=cast.PASSWORD).status_code == 303


@pytest.mark.usefixtures("planted")
def test_in_production_its_password_opens_nothing(make_app: Callable[..., Flask]) -> None:
    production = make_app()
    for person in (cast.OWNER, *cast.STAFF):
        answer = post(production.test_client(), "/auth/login", login=person.email, password=cast.PASSWORD)
        assert answer.status_code == 422
    assert trouble_with(cast.PASSWORD) == "common", "nobody may choose it either"


def test_the_second_time_it_does_nothing_and_says_so(app: Flask, planted: str, session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(Client))
    session.commit()
    again = app.test_cli_runner().invoke(args=["demo"])
    assert "not empty" in again.output
    assert cast.PASSWORD in again.output
    assert session.scalar(select(func.count()).select_from(Client)) == before == 40


def test_a_database_of_somebody_elses_is_left_alone(app: Flask, session: Session) -> None:
    assert app.test_cli_runner().invoke(args=["user", "create", "boss@example.org", "--link"]).exit_code == 0
    said = app.test_cli_runner().invoke(args=["demo"]).output
    assert "not empty" in said
    assert cast.PASSWORD not in said
    assert session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.both_databases
@pytest.mark.usefixtures("planted")
def test_every_number_of_the_past_is_counted_from_the_log(engine: Engine) -> None:
    with Session(engine) as session:
        owner = session.scalars(select(User).where(User.email == cast.OWNER.email)).one()
        rows = session.scalars(select(Attempt)).all()
        days = Counter((to_wall(row.started_at, owner.time_zone).date(), row.outcome) for row in rows)
        kept = {(one.counted_on, one.outcome): one.n for one in session.scalars(select(DailyTotal))}
        assert days == kept
        assert len({outcome for _day, outcome in kept}) == 5
        for run in session.scalars(select(Run)):
            counted = Counter(row.outcome for row in rows if row.run_id == run.id and row.outcome in FINALS)
            assert counted.total() == run.total == run.accepted + run.refused + run.skipped + run.unanswered
            assert run.state in {RunState.DONE, RunState.MISSED}
            assert run.finished_at
            assert run.finished_at < utcnow()


@pytest.mark.usefixtures("planted")
def test_there_is_a_mailing_of_each_frequency_and_one_begins_at_once(session: Session) -> None:
    plans = session.scalars(select(Mailing)).all()
    assert {plan.frequency for plan in plans} == set(Frequency)
    due = [plan for plan in plans if plan.next_run_at and plan.next_run_at <= utcnow()]
    assert [plan.frequency for plan in due] == [Frequency.ONCE]
    assert session.scalar(select(func.count()).select_from(Message)) == 3
    assert session.scalar(select(func.count()).select_from(Post).where(Post.is_published, Post.photo != "")) == 5


def test_production_refuses_it(make_app: Callable[..., Flask], session: Session) -> None:
    done = make_app().test_cli_runner().invoke(args=["demo"])
    assert done.exit_code != 0
    assert "only in development" in done.output
    assert session.scalar(select(func.count()).select_from(User)) == 0
