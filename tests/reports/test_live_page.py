"""The report of a moving run in a real browser: it moves by itself, stops when it is over, draws its charts."""

from datetime import timedelta

from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import RunState, User
from mailer.rules.outcome import Outcome
from tests.reports.logbook import finished_run
from tests.support.people import sign_in
from tests.support.world import make_mailing, make_run, make_user


def browse_as(page: Page, web: FlaskClient, user: User, address: str) -> None:
    """Sign `user` in and lend the page that browser's cookie."""
    sign_in(web, user)
    cookie = web.get_cookie("mailer_session")
    assert cookie
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


def test_a_run_moves_before_the_reader_s_eyes(page: Page, session: Session, web: FlaskClient, live_server: str) -> None:
    owner = make_user(session)
    opened_at = utcnow() - timedelta(minutes=1)
    run = make_run(session, make_mailing(session, owner), opened_at=opened_at, expected=50, total=20, accepted=10)
    browse_as(page, web, owner, live_server)
    page.goto(f"/reports/runs/{run.id}")
    live = page.locator("#live")
    expect(live).to_contain_text("10 of 50")
    run.accepted = 20
    session.commit()
    expect(live).to_contain_text("20 of 50", timeout=10_000)
    run.state, run.total, run.accepted, run.finished_at = RunState.DONE, 50, 50, utcnow()
    session.commit()
    expect(page.get_by_text("Ended")).to_be_visible(timeout=10_000)  # the whole page was read anew
    assert page.locator("[data-live]").count() == 0


def test_charts_are_drawn_and_their_numbers_stay(
    page: Page, session: Session, web: FlaskClient, live_server: str
) -> None:
    owner = make_user(session)
    run = finished_run(session, owner, [Outcome.ACCEPTED, Outcome.REFUSED])
    browse_as(page, web, owner, live_server)
    page.goto(f"/reports/mailings/{run.mailing_id}")
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_text("Show the numbers").click()
    expect(page.locator("table[data-chart]")).to_be_visible()
