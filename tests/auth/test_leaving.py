"""Taking everything along, and leaving: what stops, what goes, what stays."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import Attempt, AuditEntry, Client, Mailing, Message, MessageVersion, Run, RunState, SignIn, User
from mailer.orm import reading
from mailer.rules.outcome import Outcome
from mailer.services import audit, belongings, departure
from tests.auth.conftest import PASSWORD
from tests.support.people import post, sign_in
from tests.support.world import make_client, make_mailing, make_run, make_suppression, make_tag, make_user

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def make_history(session: Session, owner: User, **facts: object) -> Run:
    """A mailing that has sent two letters."""
    tag = make_tag(session, owner, "vip")
    clients = [make_client(session, owner, tags=[tag], full_name=name) for name in ("=HYPERLINK(1)", "Борис")]
    make_suppression(session, owner, "gone@example.org")
    run = make_run(session, make_mailing(session, owner), accepted=2, total=2, **facts)
    for client in clients:
        session.add(
            Attempt(
                run_id=run.id,
                client_id=client.id,
                number=1,
                address=client.email,
                started_at=NOW,
                outcome=Outcome.ACCEPTED,
                reply_code=250,
                reply_text=f"ok {client.email}",
            )
        )
    session.flush()
    return run


def unpack(body: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(body)) as box:
        return {name: box.read(name).decode("utf-8-sig") for name in box.namelist()}


@pytest.mark.both_databases
def test_everything_of_ones_own_is_in_the_archive(web: FlaskClient, session: Session) -> None:
    owner, stranger = make_user(session, password_hash="scrypt:secret"), make_user(session)
    make_history(session, owner)
    make_history(session, stranger)
    sign_in(web, owner)
    answer = post(web, "/auth/download")
    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Expires" not in answer.headers
    files = unpack(answer.data)
    answer.close()
    clients = list(csv.DictReader(io.StringIO(files["clients.csv"])))
    assert [row["full_name"] for row in clients] == ["'=HYPERLINK(1)", "Борис"]
    assert len(list(csv.DictReader(io.StringIO(files["attempts.csv"])))) == 2
    assert json.loads(files["profile.json"])[0]["email"] == owner.email
    assert json.loads(files["messages.json"])[0]["subject"] == "News for {{ name | friend }}"
    assert json.loads(files["posts.json"]) == []
    assert len(json.loads(files["message_versions.json"])) == 1
    everything = "".join(files.values())
    assert stranger.email not in everything
    assert "scrypt:secret" not in everything
    session.rollback()
    assert "account.export" in session.scalars(select(AuditEntry.verb)).all()


@pytest.mark.both_databases
def test_the_archive_does_not_say_which_moderator_acted_nor_from_where(web: FlaskClient, session: Session) -> None:
    owner, moderator = make_user(session), make_user(session, email="moderator@example.org")
    there = {"user_id": owner.id, "address": "203.0.113.77", "browser": "Moderator's browser"}
    audit.record(session, "user.trust", now=NOW, actor=moderator, reason="A good sender", **there)
    audit.record(session, "session.refuse", now=NOW, user_id=owner.id, address="192.0.2.9", browser="Anybody's")
    audit.record(session, "session.start", now=NOW, actor=owner, address="192.0.2.7", browser="Own browser")
    sign_in(web, owner)
    answer = post(web, "/auth/download")
    rows = list(csv.DictReader(io.StringIO(unpack(answer.data)["activity.csv"])))
    answer.close()
    told = {row["verb"]: (row["actor"], row["address"], row["browser"], row["reason"]) for row in rows}
    assert told["user.trust"] == ("", "", "", "A good sender")
    assert told["session.refuse"] == ("", "192.0.2.9", "Anybody's", "")
    assert told["session.start"] == (owner.email, "192.0.2.7", "Own browser", "")


# links and letters under way, and sums of what the archive lists one by one
NOT_TAKEN_ALONG = {"account_token", "account_letter", "daily_total"}


def test_no_table_of_ones_own_is_forgotten(anna: User) -> None:
    owners = {"owner_id", "user_id", "author_id"}
    own = {name for name, table in db.metadata.tables.items() if owners & set(table.columns.keys())} - NOT_TAKEN_ALONG
    parts = belongings.parts_of(anna).values()
    taken = {str(source) for part in parts for source in part.columns_clause_froms}
    assert own - taken == set()


def test_leaving_asks_for_the_password(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    assert post(web, "/auth/delete", current_password="wrong horse").status_code == 422
    session.refresh(anna)
    assert anna.deleted_at is None


def test_who_leaves_is_gone_at_once(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    run = make_history(session, anna)
    elsewhere = app.test_client()
    sign_in(elsewhere, anna)
    sign_in(web, anna)
    answer = post(web, "/auth/delete", current_password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert elsewhere.get("/auth/profile").status_code == 303
    assert post(web, "/auth/login", login="anna@example.org", password=PASSWORD).status_code == 422
    session.expire_all()
    with reading():
        assert session.scalar(select(func.count()).select_from(SignIn)) == 0
        assert run.drain_reason == "cancelled"
        mailing = session.get_one(Mailing, run.mailing_id)
        assert mailing.stopped_at
        assert mailing.next_run_at is None
        assert "anna" not in f"{anna.email} {anna.username} {anna.display_name} {anna.email_key}"


def test_a_freed_address_may_sign_up_again(web: FlaskClient, session: Session, anna: User) -> None:
    departure.leave(session, anna, now=NOW)
    session.commit()
    fields = {"email": "anna@example.org", "password": PASSWORD, "password2": PASSWORD}
    assert post(web, "/auth/register", fields).status_code == 303
    assert session.scalars(select(User.id).where(User.email == "anna@example.org")).one() != anna.id


@pytest.mark.both_databases
def test_totals_stay_and_addresses_go(session: Session) -> None:
    owner, other = make_user(session), make_user(session)
    run = make_history(session, owner, state=RunState.DONE)
    kept = make_history(session, other, state=RunState.DONE)
    audit.record(session, "session.start", now=NOW, actor=owner, address="192.0.2.7", browser="Browser")
    words = {"reason": "boris@example.org asked me", "detail": "boris@example.org"}
    audit.record(session, "suppression.lift", now=NOW, actor=owner, **words)
    departure.leave(session, owner, now=NOW)
    departure.erase_some(session, now=NOW, commit=session.commit)
    session.expire_all()
    assert owner.erased_at == NOW
    assert (run.total, run.accepted, run.version_id) == (2, 2, None)
    rows = session.scalars(select(Attempt).where(Attempt.run_id == run.id)).all()
    assert [(row.outcome, row.address, row.reply_text) for row in rows] == [(Outcome.ACCEPTED, "", "")] * 2
    for table in (Client, MessageVersion):
        assert session.scalar(select(func.count()).select_from(table).where(table.owner_id == owner.id)) == 0
    assert session.scalars(select(Message.text).where(Message.owner_id == owner.id)).all() == [""]
    left = (AuditEntry.actor, AuditEntry.address, AuditEntry.browser, AuditEntry.detail, AuditEntry.reason)
    assert session.execute(select(*left)).all() == [("",) * 5] * 2
    assert all(session.scalars(select(Attempt.address).where(Attempt.run_id == kept.id)))
    assert session.scalar(select(func.count()).select_from(Client).where(Client.owner_id == other.id)) == 2


def test_what_is_on_the_wire_is_written_down_before_erasing(session: Session) -> None:
    owner = make_user(session)
    run = make_history(session, owner)
    departure.leave(session, owner, now=NOW)
    departure.erase_some(session, now=NOW, commit=session.commit)
    assert owner.erased_at is None
    run.state = RunState.CANCELLED
    departure.erase_some(session, now=NOW, commit=session.commit)
    session.refresh(owner)
    assert owner.erased_at


def test_erasing_goes_on_where_it_was_cut_off(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_user(session)
    make_history(session, owner, state=RunState.DONE)
    departure.leave(session, owner, now=utcnow())
    monkeypatch.setattr(departure, "SLICE_S", 0.0)
    departure.erase_some(session, now=NOW, commit=session.commit)
    assert owner.erased_at is None
    monkeypatch.undo()
    departure.erase_some(session, now=NOW, commit=session.commit)
    session.refresh(owner)
    assert owner.erased_at
