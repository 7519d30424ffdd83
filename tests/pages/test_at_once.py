"""Two requests in the same moment: on PostgreSQL, where several may write, they end as they do one after the other."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from mailer.models import Client, Mailing, Run, Tag, User
from tests.support.people import post, sign_in
from tests.support.processes import wait_until
from tests.support.world import make_mailing, make_run

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
PRESSES = 4


def together(app: Flask, session: Session, owner: User, press: Callable[[FlaskClient], int]) -> list[int]:
    """The answers to `press` from several browsers of one owner at once, in order of their codes."""
    browsers = [app.test_client() for _ in range(PRESSES)]
    for browser in browsers:
        sign_in(browser, owner)
    session.commit()
    start = Barrier(PRESSES)

    def at_once(browser: FlaskClient) -> int:
        start.wait()
        return press(browser)

    with ThreadPoolExecutor(PRESSES) as pool:
        return sorted(pool.map(at_once, browsers))


def count(session: Session, kind: type) -> int:
    return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_button_pressed_twice_adds_one_client(app: Flask, session: Session, owner: User) -> None:
    fields = {"email": "anna@example.org", "tags": "new, newer"}
    codes = together(app, session, owner, lambda web: post(web, "/clients/create", fields).status_code)
    assert codes[0] == 303
    assert set(codes[1:]) <= {409, 422}
    assert (count(session, Client), count(session, Tag)) == (1, 2)


def test_one_list_imported_twice_is_taken_in_once(app: Flask, session: Session, owner: User) -> None:
    lines = "\n".join(f"client{n}@example.org, Client, tag {n % 3}" for n in range(40))
    codes = together(app, session, owner, lambda web: post(web, "/clients/import", text=lines).status_code)
    assert codes == [200] * PRESSES
    assert (count(session, Client), count(session, Tag)) == (40, 3)


def test_a_run_that_opens_during_the_deletion_keeps_its_log(
    web: FlaskClient, session: Session, engine: Engine, owner: User
) -> None:
    mailing = make_mailing(session, owner)
    mailing_id = mailing.id
    session.commit()
    # the session is left first: whatever fails here, the deletion must not wait for its lock for ever
    with ThreadPoolExecutor(1) as pool, Session(engine) as tick:
        opening = tick.get_one(Mailing, mailing_id, with_for_update=True)
        answer: Future[int] = pool.submit(lambda: post(web, f"/mailings/{mailing_id}/delete").status_code)
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        # each look in a transaction of its own: within one PostgreSQL shows the same activity for ever
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
            wait_until(lambda: watching.execute(waits).scalar_one() > 0, what="the deletion to wait for the tick")
        run_id = make_run(tick, opening).id
        tick.commit()
        assert answer.result(30) == 303
    session.expire_all()
    assert session.get(Run, run_id) is not None
    assert session.get_one(Mailing, mailing_id).archived_at is not None
