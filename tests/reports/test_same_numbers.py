"""The same thing has the same number wherever it is shown, and what is told is whole."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch import summaries
from mailer.models import DailyTotal, Run, User, UserRole
from mailer.rules.access import Role
from mailer.rules.outcome import Outcome
from mailer.services import log_pages, oversight, overviews, pulse, runs, troubles, whole_log
from mailer.services.oversight import Share
from mailer.web.formats import share
from tests.reports.logbook import AT, finished_run, row, write
from tests.support.world import make_mailing, make_run, make_user


def learned_run(session: Session, owner: User, truth: Outcome, later: Outcome) -> Run:
    """A letter was unanswered, sent again, and its own fate learned after that: the run counts the later one."""
    run = finished_run(session, owner, [])
    write(session, run, [row(run, 1, later, number=2)])
    counted = run.accepted, run.refused, run.total
    write(session, run, [row(run, 1, truth, resent_at=AT)])
    run.accepted, run.refused, run.total = counted
    session.flush()
    return run


@pytest.mark.both_databases
@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize(
    ("truth", "later"), [(Outcome.ACCEPTED, Outcome.REFUSED), (Outcome.REFUSED, Outcome.ACCEPTED)]
)
def test_what_was_learned_after_sending_again_is_in_the_filtered_log(
    session: Session, owner: User, truth: Outcome, later: Outcome, is_counted: bool
) -> None:
    run = learned_run(session, owner, truth, later)
    viewer = make_user(session)
    session.add(UserRole(user_id=viewer.id, role=Role.ADMIN, granted_at=AT))
    session.commit()
    if is_counted:
        assert summaries.keep(session, now=AT, commit=session.commit)
    own = log_pages.page(session, log_pages.Wanted(owner.id, outcome=truth))
    whole = whole_log.page(session, viewer, whole_log.Wanted(outcome=truth))
    for found in (own.rows, whole.rows):
        assert [(one.run_id, one.number) for one in found] == [(run.id, 1)]


@pytest.mark.both_databases
def test_a_refusal_learned_after_sending_again_is_among_the_reasons_at_once(session: Session, owner: User) -> None:
    run = learned_run(session, owner, Outcome.REFUSED, Outcome.ACCEPTED)
    assert [(one.outcome, one.n) for one in troubles.of_run(session, run).groups] == [(Outcome.REFUSED, 1)]


@pytest.mark.parametrize(
    ("facts", "recipients"),
    [
        ({"total": 2, "expected": 5}, 5),
        ({"total": 5, "expected": 2}, 5),
        ({"total": 2, "expected": 5, "is_exhausted": True}, 2),
    ],
    ids=["more to come", "more than were counted", "fewer than were counted"],
)
def test_the_recipients_of_an_open_run_are_as_many_on_every_page(
    web: FlaskClient, session: Session, owner: User, facts: dict[str, int], recipients: int
) -> None:
    mailing = make_mailing(session, owner)
    run = make_run(session, mailing, accepted=2, scheduled_for=utcnow(), **facts)
    session.commit()
    shown = re.findall(r'stat-value">([^<]*)<', web.get(f"/reports/runs/{run.id}").text)
    assert shown[-1] == str(recipients)
    for path in ("/reports/", f"/reports/mailings/{mailing.id}", f"/mailings/{mailing.id}"):
        assert re.search(rf'Recipients"[^>]*>{recipients}</td>', web.get(path).text)
    assert f"2 of {recipients}<" in web.get("/").text


@pytest.mark.both_databases
def test_the_overview_leaves_out_what_is_counted_half_way_or_open_again(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 2)
    run = finished_run(session, owner, [Outcome.REFUSED] * 4 + [Outcome.UNANSWERED])

    def told() -> tuple[int, int]:
        seen = overviews.take(session, owner.id, since=AT - timedelta(days=1), zone=ZoneInfo("UTC"))
        return sum(hour.total() for hour in seen.hours), sum(one.n for one in seen.replies)

    session.commit()
    assert summaries.keep(session, now=AT, commit=session.commit, slice_s=0) == 1
    assert told() == (0, 0)
    summaries.keep(session, now=AT, commit=session.commit)
    assert told() == (5, 4)
    session.refresh(run)
    runs.resend_unanswered(session, run, now=AT)
    assert told() == (0, 0)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, 0), (0, 9, 0), (9, 9, 100), (1, 1_000_000, 0.1), (999_999, 1_000_000, 99.9),
        (3, 2000, 0.2), (1997, 2000, 99.8), (1, 3, 33.3),
    ],
)  # fmt: skip
def test_a_share_is_none_or_all_only_where_it_is(part: int, whole: int, shown: float) -> None:
    assert share(part, whole) == shown
    assert not whole or share(part, whole) + share(whole - part, whole) == pytest.approx(100)


def test_the_panel_s_shares_are_of_the_days_that_it_names(session: Session, owner: User) -> None:
    today = AT.date()
    for days_ago in (0, 13, 14, 29, 30):
        on = today - timedelta(days=days_ago)
        session.add(DailyTotal(owner_id=owner.id, counted_on=on, outcome=Outcome.REFUSED, n=1))
    session.flush()
    assert pulse.most_refused(session, today=today) == [(owner.id, Share(2, 2))]
    assert oversight.user_shares(session, [owner.id], today=today) == {owner.id: Share(4, 4)}
