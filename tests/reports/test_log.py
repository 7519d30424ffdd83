"""The log in pages: every row once, newest run first, then by client; searched honestly; nobody else's."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.models import Run, User
from mailer.rules.errors import NotFound
from mailer.rules.outcome import Outcome
from mailer.services import attempts, log_pages
from mailer.services.attempts import Place
from mailer.services.log_pages import Wanted
from tests.reports.logbook import finished_run, row, write
from tests.support.world import make_client, make_mailing, make_user

ALL = list(Outcome)


def read(session: Session, wanted: Wanted, *, limit: int) -> list[tuple[int, int, int]]:
    """The keys of all pages in order."""
    keys, after, pages = [], None, 0
    while pages == 0 or after:
        page = log_pages.page(session, wanted, after, limit=limit)
        keys += [(one.run_id, one.client_id, one.number) for one in page.rows]
        after, pages = page.following, pages + 1
        assert len(page.rows) <= limit
        assert pages < 200
    return keys


def some_runs(session: Session, owner: User, sizes: list[int]) -> list[Run]:
    """One run per size, newest first; outcomes in turn."""
    mailing = make_mailing(session, owner)
    day = date(2026, 3, 20)
    return [
        finished_run(
            session,
            owner,
            [ALL[n % len(ALL)] for n in range(size)],
            mailing=mailing,
            due_on=day - timedelta(days=place),
        )
        for place, size in enumerate(sizes)
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize("outcome", [None, *ALL], ids=str)
def test_every_row_comes_once_and_in_order(
    session: Session, monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None
) -> None:
    monkeypatch.setattr(log_pages, "SMALL", 6)  # so that a few rows are a big run, and a few runs many
    monkeypatch.setattr(log_pages, "TOGETHER", 12)
    monkeypatch.setattr(log_pages, "RUNS_AT_ONCE", 3)
    monkeypatch.setattr(log_pages, "MOST_BITES", 2)
    monkeypatch.setattr(attempts, "LOOKED_AT", 7)
    owner = make_user(session)
    runs = some_runs(session, owner, [3, 25, 1, 0, 2, 14, 1, 1, 5])
    write(session, runs[1], [row(runs[1], 4, Outcome.REFUSED, number=2)])
    some_runs(session, make_user(session), [9])  # somebody else's
    expected = [
        key
        for place, run in enumerate(runs)
        for key, kind in sorted(_keys(run, [3, 25, 1, 0, 2, 14, 1, 1, 5][place], extra=place == 1))
        if outcome in {None, kind}
    ]
    assert read(session, Wanted(owner.id, outcome=outcome), limit=4) == expected


def _keys(run: Run, size: int, *, extra: bool) -> list[tuple[tuple[int, int, int], Outcome]]:
    keys = [((run.id, n + 1, 1), ALL[n % len(ALL)]) for n in range(size)]
    return [*keys, ((run.id, 4, 2), Outcome.REFUSED)] if extra else keys


@pytest.mark.both_databases
@pytest.mark.parametrize("outcome", [None, Outcome.REFUSED])
def test_a_part_of_an_address_is_found_in_one_run(
    session: Session, monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None
) -> None:
    monkeypatch.setattr(attempts, "LOOKED_AT", 10)
    monkeypatch.setattr(attempts, "LOOKED_AT_APART", 10)
    owner = make_user(session)
    run = finished_run(session, owner, [])
    people = {n: f"{'Anna' if n in {3, 10, 44} else 'b'}{n}@example.org" for n in range(1, 60)}
    rows = [row(run, n, Outcome.REFUSED, address=address) for n, address in people.items()]
    # the first stretch ends between two tries of one client
    write(session, run, [*rows, row(run, 10, Outcome.REFUSED, number=2, address=people[10])])
    wanted = Wanted(owner.id, run_id=run.id, part="nna", outcome=outcome)
    found = read(session, wanted, limit=5)
    assert [key[1:] for key in found] == [(3, 1), (10, 1), (10, 2), (44, 1)]
    first = log_pages.page(session, wanted, limit=5)
    assert (len(first.rows), first.is_cut) == (2, True)  # it says that it looked at a stretch only


@pytest.mark.both_databases
def test_marks_of_the_query_language_are_read_literally(session: Session) -> None:
    owner = make_user(session)
    run = finished_run(session, owner, [Outcome.ACCEPTED])
    for part in ("%", "_", "\\", "'"):
        assert read(session, Wanted(owner.id, run_id=run.id, part=part), limit=5) == []


@pytest.mark.both_databases
def test_a_whole_address_is_found_in_all_runs(session: Session) -> None:
    owner = make_user(session)
    anna = make_client(session, owner, email="anna@example.org")
    mailing = make_mailing(session, owner)
    runs = [finished_run(session, owner, ALL, mailing=mailing, due_on=date(2026, 3, n)) for n in (5, 4, 3)]
    for run in runs[:2]:
        write(session, run, [row(run, 1000 + anna.id, Outcome.ACCEPTED, address="x@example.org")])
        write(session, run, [row(run, anna.id, Outcome.REFUSED, number=n, address=anna.email) for n in (5, 6)])
    expected = [(run.id, anna.id, n) for run in runs[:2] for n in (5, 6)]
    wanted = Wanted(owner.id, part="Anna@Example.org", outcome=Outcome.REFUSED)
    assert [key for key in read(session, wanted, limit=3) if key[2] > 1] == expected
    in_one = Wanted(owner.id, part="anna@example.org", run_id=runs[1].id, outcome=Outcome.REFUSED)
    assert [key for key in read(session, in_one, limit=3) if key[2] > 1] == expected[2:]


def test_an_address_of_a_deleted_client_is_still_found_in_its_run(session: Session) -> None:
    owner = make_user(session)
    run = finished_run(session, owner, [Outcome.ACCEPTED] * 3)
    assert read(session, Wanted(owner.id, run_id=run.id, part="c2@example.org"), limit=5) == [(run.id, 2, 1)]
    everywhere = log_pages.page(session, Wanted(owner.id, part="c2@example.org"))
    assert (everywhere.rows, everywhere.needs_run) == ([], True)


def test_no_page_begins_in_a_stranger_s_run(session: Session) -> None:
    owner, stranger = make_user(session), make_user(session)
    theirs = finished_run(session, stranger, ALL)
    with pytest.raises(NotFound):
        log_pages.page(session, Wanted(owner.id), Place(theirs.id))
    with pytest.raises(NotFound):
        log_pages.page(session, Wanted(owner.id, run_id=theirs.id))


@pytest.mark.both_databases
def test_a_page_asks_as_often_for_many_small_runs_as_for_one(session: Session, engine: Engine) -> None:
    owner, said = make_user(session), []
    some_runs(session, owner, [1])
    session.commit()
    event.listen(engine, "before_cursor_execute", lambda *facts: said.append(facts[2]))

    def statements() -> int:
        said.clear()
        page = log_pages.page(session, Wanted(owner.id))
        assert all(page.runs[one.run_id].mailing.title for one in page.rows)
        return len(said)

    few = statements()
    some_runs(session, owner, [2] * 40)
    session.commit()
    session.expire_all()
    assert statements() == few


def test_the_page_shows_rows_and_the_way_on(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED] * 60)
    first = web.get(f"/reports/attempts?run={run.id}").text
    assert first.count('<td data-label="Address">') == 50
    assert f"after={run.id}.50.1" in first
    second = web.get(f"/reports/attempts?run={run.id}&after={run.id}.50.1").text
    assert second.count('<td data-label="Address">') == 10
    assert "c60@example.org" in second
    assert 'rel="next"' not in second


def test_an_odd_place_is_the_beginning(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED])
    for after in ("x", "1.2", "1.2.3.4", "9" * 40 + ".1.1", "1.1.9999999999", "١.1.1"):
        page = web.get("/reports/attempts", query_string={"run": run.id, "after": after})
        assert page.status_code == 200
        assert "c1@example.org" in page.text


def test_a_stranger_s_log_is_a_missing_one(web: FlaskClient, session: Session, owner: User, stranger: User) -> None:
    theirs = finished_run(session, stranger, ALL)
    session.commit()
    for path in ("/reports/attempts", "/reports/attempts.csv"):
        assert web.get(f"{path}?run={theirs.id}").status_code == 404
        assert web.get(f"{path}?run=999999").status_code == 404
        assert web.get(f"{path}?run=x").status_code == 404
        assert "@example.org" not in web.get(path).text.partition("<main")[2]
