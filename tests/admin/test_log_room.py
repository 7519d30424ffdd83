"""The log across owners: filters narrow it, pages follow one another without a gap, staff's letters are not in it."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer.models import Attempt, Run, User
from mailer.rules.outcome import Outcome
from mailer.services import whole_log
from tests.admin.conftest import World, make_world
from tests.support.people import sign_in
from tests.support.world import NOW, make_mailing, make_run, make_user

ROWS = re.compile(r'<td data-label="Address">([^<]+)</td>')


def fill(session: Session, run: Run, n: int, *, every: int = 4) -> None:
    """`n` attempts of this run, each fourth of them refused with 550 or 554 in turn."""
    rows = []
    for i in range(n):
        is_refused = i % every == 0
        rows.append(
            {
                "run_id": run.id,
                "client_id": i + 1,
                "number": 1,
                "address": f"r{run.id}-{i}@example.org",
                "started_at": NOW,
                "outcome": Outcome.REFUSED if is_refused else Outcome.ACCEPTED,
                "reply_code": (550 if i % (2 * every) else 554) if is_refused else 250,
                "reply_text": "words",
            }
        )
    session.execute(insert(Attempt), rows)
    run.total, run.refused = n, sum(row["outcome"] is Outcome.REFUSED for row in rows)
    run.accepted = n - run.refused


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("asked", "matching"),
    [
        ({}, lambda i: True),
        ({"outcome": Outcome.REFUSED}, lambda i: i % 4 == 0),
        ({"outcome": Outcome.ACCEPTED}, lambda i: i % 4 != 0),
        ({"outcome": Outcome.SKIPPED}, lambda i: False),
        ({"code": 554}, lambda i: i % 8 == 0),
        ({"code": 250, "outcome": Outcome.ACCEPTED}, lambda i: i % 4 != 0),
        ({"code": 421}, lambda i: False),
    ],
)
def test_pages_show_every_row_once_newest_run_first(
    session: Session, moderator: User, monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], matching: object
) -> None:
    monkeypatch.setattr(whole_log, "LOOKED_AT", 40)  # many bites, and stretches that end in the middle of a run
    mailing = make_mailing(session, make_user(session))
    runs = [make_run(session, mailing, due_on=date(2026, 3, day)) for day in range(1, 6)]
    for run, n in zip(runs, (7, 100, 1, 55, 12), strict=True):
        fill(session, run, n)
    session.commit()
    wanted, seen, before = whole_log.Wanted(**asked), [], None  # type: ignore[arg-type]
    for _page in range(60):
        page = whole_log.page(session, moderator, wanted, before, limit=10)
        seen += [(row.run_id, row.client_id - 1) for row in page.rows]
        assert all(row.run_id in page.runs for row in page.rows)
        before = page.following
        if before is None:
            break
    sizes = zip(runs, (7, 100, 1, 55, 12), strict=True)
    should = [(run.id, i) for run, n in sizes for i in range(n) if matching(i)]  # type: ignore[operator]
    assert seen == sorted(should, reverse=True)


def addresses(web: FlaskClient, **query: object) -> list[str]:
    return ROWS.findall(web.get(f"/admin/log/?{urlencode(query)}").text)


def test_filters_of_the_page(web: FlaskClient, session: Session, moderator: User, world: World) -> None:
    other = make_world(session, make_user(session, email="second@example.org"))
    other.run.due_on = date(2026, 4, 1)
    run_id = other.run.id
    sign_in(web, moderator)
    assert len(addresses(web)) == 4
    assert addresses(web, outcome="refused") == ["refused@example.org"] * 2
    assert addresses(web, code=250) == ["accepted@example.org"] * 2
    assert len(addresses(web, owner="Second@Example.org")) == 2
    assert len(addresses(web, run=run_id, outcome="accepted")) == 1
    assert len(addresses(web, since="2026-03-15")) == 2
    assert len(addresses(web, until="2026-03-15")) == 2
    assert addresses(web, owner="nobody@example.org") == []
    assert addresses(web, owner="rubbish") == []
    assert len(addresses(web, outcome="x", code="y", since="z", after="q")) == 4


def test_staff_is_left_out_for_moderators_only(
    web: FlaskClient, session: Session, moderator: User, admin: User
) -> None:
    make_world(session, admin)
    sign_in(web, moderator)
    assert addresses(web) == []
    sign_in(web, admin)
    assert len(addresses(web)) == 2
