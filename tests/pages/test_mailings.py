"""Plans through their pages: every field, every verb."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.config import Sending
from mailer.models import Mailing, Run, RunState, User
from tests.pages.bad_input import CONTROL
from tests.support.people import csrf_token, post, sign_in
from tests.support.world import make_client, make_mailing, make_message, make_run, make_tag, make_user

SOON = datetime.now(UTC) + timedelta(days=2)


def plan(message_id: int, **fields: Any) -> dict[str, Any]:
    usual = {
        "title": "News",
        "message": message_id,
        "audience": "all",
        "starts_at": f"{SOON:%Y-%m-%dT09:00}",
        "ends_at": "",
        "frequency": "weekly",
        "interval": "1",
        "time_zone": "Europe/Moscow",
        "missed_run": "send_late",
    }
    return usual | fields


def mailings_of(session: Session, owner: User) -> list[Mailing]:
    session.expire_all()
    return list(session.scalars(select(Mailing).where(Mailing.owner_id == owner.id).order_by(Mailing.id)))


def test_a_plan_is_saved_with_its_next_time(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    answer = post(web, "/mailings/create", plan(message.id))
    assert answer.status_code == 303
    (mailing,) = mailings_of(session, owner)
    assert mailing.next_run_at == SOON.replace(hour=6, minute=0, second=0, microsecond=0)
    page = web.get(answer.location).get_data(as_text=True)
    assert 'data-status="scheduled"' in page
    assert "Europe/Moscow" in page


def test_the_next_dates_are_shown_before_saving(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    answer = post(web, "/mailings/create", plan(message.id, show_dates="1"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert page.count("(Europe/Moscow)</li>") == 6
    assert not mailings_of(session, owner)


def test_the_live_dates_take_half_a_date_for_a_question(web: FlaskClient, session: Session, owner: User) -> None:
    fields = {**plan(make_message(session, owner).id), "starts_at": "2026-0", "show_dates": "1"}
    pressed = post(web, "/mailings/create", fields)
    live = web.post("/mailings/create", data={**fields, "csrf_token": csrf_token(web)}, headers={"HX-Request": "true"})
    assert (pressed.status_code, live.status_code) == (422, 200)
    part = re.compile(r'<section[^>]*id="next-dates".*?</section>', re.DOTALL)
    assert part.findall(live.text) == part.findall(pressed.text) != []
    assert mailings_of(session, owner) == []


def test_a_draft_is_due_never(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    post(web, "/mailings/create", plan(message.id, draft="y"))
    (mailing,) = mailings_of(session, owner)
    assert mailing.next_run_at is None
    assert 'data-status="draft"' in web.get(f"/mailings/{mailing.id}").get_data(as_text=True)


def test_an_old_page_sends_nothing_that_it_promised_to_keep(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, starts_at=SOON.replace(tzinfo=None), next_run_at=SOON)
    fields = plan(mailing.message_id, starts_at="2020-01-01T09:00", draft="y")
    assert post(web, f"/mailings/{mailing.id}/edit", fields).status_code == 409
    session.expire_all()
    assert (mailing.next_run_at, mailing.is_draft) == (SOON, False)


def test_a_start_in_the_past_is_due_at_once(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    before = datetime.now(UTC)
    post(web, "/mailings/create", plan(message.id, starts_at="2020-01-01T09:00"))
    (mailing,) = mailings_of(session, owner)
    assert mailing.next_run_at is not None
    assert before <= mailing.next_run_at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": CONTROL["a line break"]}, "title"),
        ({"title": CONTROL["a NUL"]}, "title"),
        ({"message": "0"}, "message"),
        ({"message": "x"}, "message"),
        ({"audience": "everybody"}, "audience"),
        ({"audience": "tags"}, "tags"),
        ({"audience": "picked"}, "clients"),
        ({"audience": "picked", "clients": "99999"}, "clients"),
        ({"audience": "tags", "tags": "99999"}, "tags"),
        ({"starts_at": ""}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59"}, "starts_at"),
        ({"ends_at": "2000-01-01T00:00"}, "ends_at"),
        ({"starts_at": "2020-01-01T09:00", "ends_at": "2020-02-01T09:00"}, "ends_at"),
        ({"frequency": "hourly"}, "frequency"),
        ({"interval": "0"}, "interval"),
        ({"interval": "367"}, "interval"),
        ({"interval": "x"}, "interval"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"missed_run": "burst"}, "missed_run"),
    ],
    ids=str,
)
def test_what_cannot_be_planned_is_refused_beside_the_field(
    web: FlaskClient, session: Session, owner: User, fields: dict[str, str], field: str
) -> None:
    message = make_message(session, owner)
    make_tag(session, owner)
    answer = post(web, "/mailings/create", plan(message.id, **{"title": "Kept title", **fields}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert "title" in fields or "Kept title" in page
    assert not mailings_of(session, owner)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # takes fewer values in one statement
@pytest.mark.parametrize(("audience", "field"), [("picked", "clients"), ("tags", "tags")])
def test_far_too_many_choices_are_refused_beside_the_field(
    web: FlaskClient, session: Session, owner: User, audience: str, field: str
) -> None:
    message = make_message(session, owner)
    answer = post(web, "/mailings/create", plan(message.id, audience=audience, **{field: [*range(70_000)]}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)


def test_a_stranger_s_things_cannot_be_chosen(web: FlaskClient, session: Session, owner: User, stranger: User) -> None:
    mine = make_message(session, owner)
    message, tag, client = make_message(session, stranger), make_tag(session, stranger), make_client(session, stranger)
    assert post(web, "/mailings/create", plan(message.id)).status_code == 422
    assert post(web, "/mailings/create", plan(mine.id, audience="tags", tags=[tag.id])).status_code == 422
    assert post(web, "/mailings/create", plan(mine.id, audience="picked", clients=[client.id])).status_code == 422
    assert not mailings_of(session, owner)


def test_extra_fields_are_ignored(web: FlaskClient, session: Session, owner: User, stranger: User) -> None:
    message = make_message(session, owner)
    post(web, "/mailings/create", plan(message.id, owner_id=stranger.id, next_run_at="2020-01-01", disabled_at="x"))
    assert len(mailings_of(session, owner)) == 1
    assert not mailings_of(session, stranger)


def test_tags_and_picked_clients_are_kept_on_edit(web: FlaskClient, session: Session, owner: User) -> None:
    message, tag = make_message(session, owner), make_tag(session, owner)
    first, second = make_client(session, owner, tags=[tag]), make_client(session, owner)
    post(web, "/mailings/create", plan(message.id, audience="tags", tags=[tag.id]))
    (mailing,) = mailings_of(session, owner)
    assert "1 client<" in web.get(f"/mailings/{mailing.id}").get_data(as_text=True)
    post(web, f"/mailings/{mailing.id}/edit", plan(message.id, audience="picked", clients=[first.id, second.id]))
    session.expire_all()
    assert mailing.tags == []
    assert {client.id for client in mailing.picked} == {first.id, second.id}
    assert "2 clients<" in web.get(f"/mailings/{mailing.id}").get_data(as_text=True)


def test_pausing_and_resuming(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner)
    run = make_run(session, mailing)
    assert post(web, f"/mailings/{mailing.id}/pause").status_code == 303
    session.expire_all()
    assert (mailing.next_run_at, run.held_reason) == (None, "paused")
    assert post(web, f"/mailings/{mailing.id}/pause").status_code == 409
    before = datetime.now(UTC)
    assert post(web, f"/mailings/{mailing.id}/resume").status_code == 303
    session.expire_all()
    assert mailing.paused_at is None
    assert run.held_reason is None
    assert mailing.next_run_at is not None
    assert before < mailing.next_run_at <= before + timedelta(days=1)


def test_stopping_is_for_good(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner)
    run = make_run(session, mailing)
    assert web.get(f"/mailings/{mailing.id}/stop").status_code == 200
    assert mailing.stopped_at is None
    assert post(web, f"/mailings/{mailing.id}/stop").status_code == 303
    session.expire_all()
    assert (mailing.next_run_at, run.drain_reason) == (None, "stopped")
    for verb in ("stop", "pause", "resume", "send-now"):
        assert post(web, f"/mailings/{mailing.id}/{verb}").status_code == 409
    assert web.get(f"/mailings/{mailing.id}/edit").status_code == 409


def test_a_button_on_the_page_of_a_run_leads_back_to_it(web: FlaskClient, session: Session, owner: User) -> None:
    run = make_run(session, make_mailing(session, owner))
    here, room = f"/reports/runs/{run.id}", f"/mailings/{run.mailing_id}"
    for verb in ("pause", "resume", "stop"):
        session.commit()
        page = web.get(here).text
        if verb == "stop":
            assert f'href="{room}/stop?run={run.id}"' in page
            page = web.get(f"{room}/stop?run={run.id}").text
            assert f'href="{here}" data-dialog-close' in page
        button = page.partition(f'action="{room}/{verb}"')[2].partition("</form>")[0]
        assert f'name="run" value="{run.id}"' in button
        assert post(web, f"{room}/{verb}", run=run.id).location == here


@pytest.mark.parametrize("run", ["", "0", "-1", "²", "9" * 40, "//evil.example", "other"])
def test_a_button_leads_to_no_run_but_the_mailing_s_own(
    web: FlaskClient, session: Session, owner: User, run: str
) -> None:
    mailing, other = make_mailing(session, owner), make_run(session, make_mailing(session, owner))
    named = str(other.id) if run == "other" else run
    assert post(web, f"/mailings/{mailing.id}/pause", run=named).location == f"/mailings/{mailing.id}"


def test_sending_now_opens_today_s_run_once(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, starts_at=datetime(2030, 1, 1, 9, 0))
    assert web.get(f"/mailings/{mailing.id}/send-now").status_code == 200
    assert post(web, f"/mailings/{mailing.id}/send-now").status_code == 303
    session.expire_all()
    runs = session.scalars(select(Run).where(Run.mailing_id == mailing.id)).all()
    assert [run.due_on for run in runs] == [datetime.now(UTC).date()]
    assert post(web, f"/mailings/{mailing.id}/send-now").status_code == 409
    runs[0].state = RunState.DONE
    session.commit()
    again = post(web, f"/mailings/{mailing.id}/send-now")
    assert again.status_code == 409
    assert "have gone out already" in again.get_data(as_text=True)


def test_deleting_keeps_the_log(web: FlaskClient, session: Session, owner: User) -> None:
    fresh, old = make_mailing(session, owner), make_mailing(session, owner)
    run = make_run(session, old, state="done")
    run_id = run.id
    for mailing_id in (fresh.id, old.id):
        assert web.get(f"/mailings/{mailing_id}/delete").status_code == 200
        assert post(web, f"/mailings/{mailing_id}/delete").status_code == 303
        assert web.get(f"/mailings/{mailing_id}").status_code == 404
    assert [mailing.archived_at is not None for mailing in mailings_of(session, owner)] == [True]
    assert session.get(Run, run_id) is not None


def test_an_edit_never_sends_a_second_time_today(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner)
    today = datetime.now(UTC).date()
    make_run(session, mailing, due_on=today, state="done")
    fields = plan(mailing.message_id, starts_at="2020-01-01T00:00", time_zone="UTC", frequency="daily")
    assert post(web, f"/mailings/{mailing.id}/edit", fields).status_code == 303
    session.expire_all()
    assert mailing.next_run_at == datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)


def test_a_switched_off_mailing_shows_the_reason_and_no_verbs(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, disabled_at=SOON, disabled_reason="Complaints", next_run_at=None)
    page = web.get(f"/mailings/{mailing.id}").get_data(as_text=True)
    assert "Complaints" in page
    assert "/pause" not in page
    for verb in ("pause", "resume", "stop", "send-now"):
        assert post(web, f"/mailings/{mailing.id}/{verb}").status_code == 409


@pytest.mark.parametrize("path", ["", "/edit", "/delete", "/stop", "/send-now"])
def test_a_stranger_s_mailing_is_a_missing_one(
    web: FlaskClient, session: Session, owner: User, stranger: User, path: str
) -> None:
    theirs = make_mailing(session, stranger)
    assert web.get(f"/mailings/{theirs.id}{path}").status_code == 404
    for verb in ("pause", "resume", "stop", "send-now", "delete"):
        assert post(web, f"/mailings/{theirs.id}/{verb}").status_code == 404


@pytest.mark.parametrize(
    ("limit", "facts", "fields", "status"),
    [
        (2, {"trusted_at": None}, {}, 422),
        (3, {"trusted_at": None}, {}, 303),
        (0, {"trusted_at": None}, {}, 303),
        (2, {}, {}, 303),
        (2, {"trusted_at": None}, {"draft": "y"}, 303),
    ],
    ids=["over the limit", "at the limit", "switched off", "a trusted owner", "a draft"],
)
def test_a_new_sender_s_limit_is_said_on_saving(
    make_app: Callable[..., Flask],
    session: Session,
    limit: int,
    facts: dict[str, Any],
    fields: dict[str, str],
    status: int,
) -> None:
    user = make_user(session, **facts)
    message_id = make_message(session, user).id
    for _ in range(3):
        make_client(session, user)
    web = make_app(sending=Sending(new_user_daily_limit=limit)).test_client()
    sign_in(web, user)
    answer = post(web, "/mailings/create", plan(message_id, **fields))
    assert answer.status_code == status
    assert ("2 clients a day" in answer.get_data(as_text=True)) is (status == 422)


def test_a_new_title_moves_no_date(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, starts_at=datetime(2026, 1, 5, 9, 0), frequency="weekly")
    post(web, f"/mailings/{mailing.id}/pause")
    post(web, f"/mailings/{mailing.id}/resume")
    session.expire_all()
    planned = mailing.next_run_at
    same = {"starts_at": "2026-01-05T09:00", "time_zone": "UTC", "frequency": "weekly", "title": "New title"}
    assert post(web, f"/mailings/{mailing.id}/edit", plan(mailing.message_id, **same)).status_code == 303
    session.expire_all()
    assert (mailing.title, mailing.next_run_at) == ("New title", planned)
    assert planned is not None
    assert planned > datetime.now(UTC)
