"""A client, a message or a mailing that is changed in another tab while its form is open."""

import re
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete, event, text
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models import Client, Mailing, Message, User
from tests.pages.shared_forms import KINDS, Kind, told_of_a_mailing
from tests.support.people import csrf_token, post, sign_in
from tests.support.processes import wait_until
from tests.support.world import NOW, make_client, make_mailing, make_run, make_suppression, make_tag

SENTENCE = "was changed meanwhile."
SEEN = re.compile(r'<input[^>]*name="seen"[^>]*value="([^"]+)"')
HOUR = timedelta(hours=1)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the forms in turn."""
    found: Kind = request.param
    return found


def seen_in(page: str) -> dict[str, str]:
    (seen,) = SEEN.findall(page)
    return {"seen": seen}


def opened(web: FlaskClient, path: str) -> dict[str, str]:
    """The hidden field of a form that is opened now."""
    return seen_in(web.get(f"{path}/edit").text)


@pytest.mark.both_databases
def test_what_was_saved_meanwhile_is_overwritten_only_knowingly(
    web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    mine, theirs = opened(web, path), opened(web, path)
    assert post(web, f"{path}/edit", {**told, **theirs, kind.field: "What they wrote"}).status_code == 303
    refused = post(web, f"{path}/edit", {**told, **mine, kind.field: "What I wrote"})
    assert refused.status_code == 422
    assert SENTENCE in refused.text
    assert f'<a href="{path}" target="_blank">' in refused.text
    assert "What I wrote" in refused.text
    assert kind.value(session, row_id) == "What they wrote"
    session.rollback()
    again = {**told, **seen_in(refused.text), kind.field: "What I wrote"}
    assert post(web, f"{path}/edit", again).status_code == 303
    assert kind.value(session, row_id) == "What I wrote"


def test_a_program_that_has_seen_nothing_is_not_asked(
    web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    for words in ("First words", "Second words"):
        assert post(web, f"{path}/edit", {**told, kind.field: words}).status_code == 303
        assert kind.value(session, row_id) == words
        session.rollback()


def test_a_new_one_has_seen_nothing(web: FlaskClient, owner: User, kind: Kind) -> None:
    assert 'name="seen"' not in web.get(f"/{kind.room}/create").text


def test_another_mistake_in_a_stale_form_does_not_make_it_a_new_one(
    web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    mine = opened(web, path)
    assert post(web, f"{path}/edit", {**told, kind.field: "What they wrote"}).status_code == 303
    page = post(web, f"{path}/edit", {**told, **mine, kind.field: "\0"}).text
    assert SENTENCE not in page
    assert seen_in(page) == mine
    assert SENTENCE in post(web, f"{path}/edit", {**told, **mine, kind.field: "What I wrote"}).text
    assert kind.value(session, row_id) == "What they wrote"


def run_meanwhile(session: Session, row: Any) -> None:
    """All that may happen to a row but a change of what its form holds."""
    row.updated_at = NOW + HOUR
    if isinstance(row, Client):
        make_suppression(session, session.get_one(User, row.owner_id), row.email)
        row.address_changed_at = NOW + HOUR
    if isinstance(row, Message):
        make_mailing(session, row.owner, message=row)
    if isinstance(row, Mailing):
        make_run(session, row)
        row.next_run_at = NOW + 25 * HOUR
        row.message.text = "Another text"


@pytest.mark.both_databases
def test_what_the_form_does_not_hold_is_no_change(web: FlaskClient, session: Session, owner: User, kind: Kind) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    mine = opened(web, path)
    run_meanwhile(session, session.get_one(kind.model, row_id))
    session.commit()
    assert post(web, f"{path}/edit", {**told, **mine, kind.field: "What I wrote"}).status_code == 303
    assert kind.value(session, row_id) == "What I wrote"


def test_a_tag_that_an_import_gave_meanwhile_is_a_change(web: FlaskClient, session: Session, owner: User) -> None:
    kind = KINDS["client"]
    row = kind.make(session, owner)
    path, told, email = kind.path(row.id), kind.told(row), row.email
    session.commit()
    mine = opened(web, path)
    assert post(web, "/clients/import", text=f"{email}, Name, moscow").status_code == 200
    assert post(web, f"{path}/edit", {**told, **mine}).status_code == 422
    assert {tag.name for tag in session.get_one(Client, row.id).tags} == {"vip", "moscow"}


@pytest.mark.parametrize("audience", ["tags", "picked"])
def test_other_recipients_of_a_mailing_are_a_change(
    web: FlaskClient, session: Session, owner: User, audience: str
) -> None:
    clients = [make_client(session, owner, tags=[make_tag(session, owner)]) for _ in range(2)]
    first, second = clients
    row = make_mailing(session, owner, audience=audience, tags=first.tags, picked=[first])
    session.commit()
    path, told = f"/mailings/{row.id}", told_of_a_mailing(row)
    theirs = {**told, "tags": [second.tags[0].id], "clients": [second.id]}
    session.commit()
    mine = opened(web, path)
    assert post(web, f"{path}/edit", theirs).status_code == 303
    assert post(web, f"{path}/edit", {**told, **mine}).status_code == 422
    session.expire_all()
    assert [*row.tags, *row.picked] == (second.tags if audience == "tags" else [second])


def test_looking_at_the_dates_is_not_looking_at_the_mailing_anew(
    web: FlaskClient, session: Session, owner: User
) -> None:
    row = make_mailing(session, owner)
    path, told = f"/mailings/{row.id}", told_of_a_mailing(row)
    session.commit()
    mine = opened(web, path)
    assert post(web, f"{path}/edit", {**told, "title": "Theirs"}).status_code == 303
    dates = post(web, f"{path}/edit", {**told, **mine, "show_dates": "1"})
    assert (dates.status_code, seen_in(dates.text)) == (200, mine)


def test_a_draft_that_was_planned_meanwhile_stays_planned(web: FlaskClient, session: Session, owner: User) -> None:
    row = make_mailing(session, owner, is_draft=True, next_run_at=None)
    path, told = f"/mailings/{row.id}", told_of_a_mailing(row)
    session.commit()
    mine = opened(web, path)
    assert post(web, f"{path}/edit", told).status_code == 303
    refused = post(web, f"{path}/edit", {**told, **mine, "title": "Mine", "draft": "y"})
    assert refused.status_code == 422
    assert 'name="draft"' not in refused.text  # so that the next one says it no more
    assert post(web, f"{path}/edit", {**told, **seen_in(refused.text), "title": "Mine"}).status_code == 303
    session.refresh(row)
    assert (row.title, row.is_draft) == ("Mine", False)


@pytest.mark.both_databases
def test_of_many_changes_of_one_form_at_once_one_is_saved(
    app: Flask, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    browsers = [app.test_client() for _ in range(4)]
    for browser in browsers:
        sign_in(browser, owner)
    mine = opened(browsers[0], path)

    def change(n: int) -> int:
        return post(browsers[n], f"{path}/edit", {**told, **mine, kind.field: f"By {n}"}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(change, range(4)))
    assert sorted(answers) == [303, 422, 422, 422]
    assert kind.value(session, row_id) == f"By {answers.index(303)}"


def test_what_was_saved_is_told_though_it_is_deleted_right_after(
    app: Flask, web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()

    def remove(_saving: Session) -> None:
        session.execute(delete(kind.model).where(kind.model.id == row_id))
        session.commit()

    with app.app_context():
        event.listen(db.session, "after_commit", remove, once=True)
    answer = post(web, f"{path}/edit", told)
    assert (answer.status_code, answer.location) == (303, path)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_change_that_is_being_saved_is_waited_for(
    web: FlaskClient, session: Session, engine: Engine, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    mine = {**told, **opened(web, path), kind.field: "Mine"}
    # the session is left first: whatever fails here, the form must not wait for its lock for ever
    with ThreadPoolExecutor(1) as pool, Session(engine) as other:
        setattr(other.get_one(kind.model, row_id), kind.field, "Theirs")
        other.flush()
        answer: Future[int] = pool.submit(lambda: post(web, f"{path}/edit", mine).status_code)
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
            wait_until(lambda: watching.execute(waits).scalar_one() > 0, what="the form to wait for the other change")
        other.commit()
        assert answer.result(30) == 422
    assert kind.value(session, row_id) == "Theirs"


@pytest.mark.parametrize("end", ["stopped_at", "disabled_at"])
def test_of_a_mailing_that_is_over_what_was_typed_becomes_a_draft(
    web: FlaskClient, session: Session, owner: User, end: str
) -> None:
    row = make_mailing(session, owner)
    path, told, row_id = f"/mailings/{row.id}", told_of_a_mailing(row), row.id
    session.commit()
    mine = opened(web, path)
    setattr(session.get_one(Mailing, row_id), end, NOW)
    session.commit()
    refused = post(web, f"{path}/edit", {**told, **mine, "title": "What I wrote"})
    assert refused.status_code == 409
    assert "stopped or switched off meanwhile" in refused.text
    assert f'<a href="{path}" target="_blank">' in refused.text
    assert 'value="What I wrote"' in refused.text
    assert '<form class="plan-form" method="post" action="/mailings/create"' in refused.text
    assert re.search(r'<input[^>]*checked[^>]*name="draft"', refused.text)
    asked = {"csrf_token": csrf_token(web), **told, **mine, "show_dates": "1"}
    assert web.post(f"{path}/edit", data=asked, headers={"HX-Request": "true"}).status_code == 200
    assert session.get_one(Mailing, row_id).title == told["title"]
