"""What the service writes down of an error of its database: enough to find the mistake, and nobody's address."""

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer import doors
from mailer.dispatch.ledger.drivers import Clash
from mailer.dispatch.ledger.ledger import open_driver
from mailer.extensions import db
from mailer.models import Client, Suppression, User
from tests.support.world import NOW, make_client, make_user

ADDRESS = "anna@example.org"
HARD_TO_QUOTE = f"""Anna "b'\nDETAIL: {ADDRESS} """  # what a pattern for quotes would stumble over

pytestmark = pytest.mark.both_databases


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes to standard error."""
    (handler,) = logging.getLogger("mailer").handlers
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(paper := io.StringIO())
    yield paper
    handler.setStream(before)


@pytest.fixture
def owner_id(session: Session) -> int:
    """Who has a client of this address, and another."""
    found = make_user(session).id
    for address in (ADDRESS, "other@example.org"):
        make_client(session, session.get_one(User, found), email=address)
    session.commit()
    return found


def client_row(owner_id: int | None, email: str = ADDRESS) -> Any:
    row = {"address_key": ADDRESS, "full_name": HARD_TO_QUOTE, "created_at": NOW, "updated_at": NOW}
    return insert(Client).values(owner_id=owner_id, email=email, **row)


def a_taken_key(owner_id: int) -> Any:
    return client_row(owner_id)


def a_missing_value(_owner_id: int) -> Any:
    return client_row(None)


def a_word_that_is_none_of_ours(owner_id: int) -> Any:
    row = {"owner_id": owner_id, "address": ADDRESS, "address_key": ADDRESS, "created_at": NOW}
    return insert(Suppression).values(reason=ADDRESS, **row)


def a_value_of_another_kind(_owner_id: int) -> Any:
    if db.engine.dialect.name == "sqlite":
        return text("SELECT CAST(:value AS text) AS n").bindparams(value=b"\xff" + HARD_TO_QUOTE.encode())
    return text("SELECT CAST(:value AS integer) AS n").bindparams(value=HARD_TO_QUOTE)


def a_value_that_is_too_long(owner_id: int) -> Any:
    if db.engine.dialect.name == "sqlite":  # which has no lengths but this one
        return text("SELECT zeroblob(2000000000) || :value AS n").bindparams(value=ADDRESS)
    return client_row(owner_id, email=ADDRESS * 20)


# what is told all the same, on SQLite and on PostgreSQL
MISTAKES: dict[Callable[[int], Any], tuple[tuple[str, ...], tuple[str, ...]]] = {
    a_taken_key: (
        ("IntegrityError", "INSERT INTO client", "client.owner_id, client.address_key"),
        ("UniqueViolation", "INSERT INTO client", "uq_client_owner_id_address_key"),
    ),
    a_missing_value: (
        ("IntegrityError", "INSERT INTO client", "client.owner_id"),
        ("NotNullViolation", "INSERT INTO client", 'column "owner_id" of relation "client"'),
    ),
    a_word_that_is_none_of_ours: (
        ("IntegrityError", "INSERT INTO suppression", "ck_suppression_reason"),
        ("CheckViolation", "INSERT INTO suppression", "ck_suppression_reason"),
    ),
    a_value_of_another_kind: (
        ("Could not decode to UTF-8",),
        ("InvalidTextRepresentation", "SELECT CAST", "invalid input syntax for type integer"),
    ),
    a_value_that_is_too_long: (
        ("DataError", "zeroblob", "string or blob too big"),
        ("StringDataRightTruncation", "INSERT INTO client", "value too long for type character varying(254)"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_crash_in_the_database_tells_the_mistake_and_nobodys_address(
    app: Flask, engine: Engine, owner_id: int, written: io.StringIO, mistake: Callable[[int], Any]
) -> None:
    def page() -> str:
        return str(db.session.execute(mistake(owner_id)).all())

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/mistake", view_func=page, methods=["POST", "GET"])
    assert app.test_client().get("/mistake").status_code >= 500
    said = written.getvalue()
    assert_nobody_is_named(said)
    for word in MISTAKES[mistake][engine.name == "postgresql"]:
        assert word in said
    assert "test_logs.py" in said or "the database does not answer" in said


def assert_nobody_is_named(said: str) -> None:
    assert said
    for word in (ADDRESS, "Anna", "DETAIL"):
        assert word not in said


def error_of(engine: Engine, owner_id: int) -> IntegrityError:
    with engine.begin() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(a_taken_key(owner_id))
    return caught.value


@pytest.mark.parametrize("name", ["mailer", "huey", "huey.consumer.Worker", "gunicorn.error", "werkzeug"])
def test_no_logger_tells_whose_row_it_was(
    engine: Engine, owner_id: int, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    error = error_of(engine, owner_id)
    logging.getLogger(name).error("a task broke", exc_info=error)
    assert "Traceback" in caplog.text
    assert "IntegrityError" in caplog.text
    assert_nobody_is_named(caplog.text)


def test_what_another_thread_met_is_told_without_the_row(engine: Engine, owner_id: int, written: io.StringIO) -> None:
    error = error_of(engine, owner_id)
    logging.getLogger("mailer.dispatch").error("results wait for the database: %s", error)
    logging.getLogger("mailer.dispatch").error("%(error)s", {"error": error})
    assert written.getvalue().count("INSERT INTO client") == 2
    assert_nobody_is_named(written.getvalue())


def test_a_clash_of_the_ledger_is_told_without_the_row(engine: Engine, owner_id: int, written: io.StringIO) -> None:
    with pytest.raises(Clash) as caught, open_driver(engine).transaction() as work:
        work.run("UPDATE client SET address_key = %s WHERE owner_id = %s AND email <> %s", (ADDRESS, owner_id, ADDRESS))
    logging.getLogger("mailer.dispatch").error("ALARM the database refused: %s", caught.value)
    assert "address_key" in written.getvalue()
    assert_nobody_is_named(written.getvalue())


def test_a_command_that_breaks_tells_where_and_not_whose_row(
    engine: Engine, owner_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = error_of(engine, owner_id)
    doors.say_in_one_line(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "test_logs.py" in said
    assert "INSERT INTO client" in said
    assert_nobody_is_named(said)
