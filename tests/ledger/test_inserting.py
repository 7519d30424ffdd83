"""Many rows at once: whatever its columns hold, and however many of them hold the same, each row stands as it was."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.ledger import open_driver
from mailer.dispatch.ledger.rows import ATTEMPT, attempt_columns
from mailer.dispatch.ledger.types import Finished
from mailer.models import Attempt
from mailer.rules.outcome import Outcome, SkipReason

pytestmark = pytest.mark.both_databases
AT = datetime(2026, 11, 23, 18, 4, 5, 678000, tzinfo=UTC)
LATER = AT.replace(minute=59)


@pytest.fixture
def driver(engine: Engine) -> Driver:
    return open_driver(engine)


def accepted(n: int, text: str = "2.0.0 Ok") -> Finished:
    return Finished(n, 1, f"p{n}@example.org", AT, 3, Outcome.ACCEPTED, None, 250, text)


ALIKE = [accepted(n) for n in range(1, 61)]
MIXED = [
    Finished(1, 1, "anna@example.org", AT, 3, Outcome.ACCEPTED, None, 250, "Ok"),
    Finished(2, 4, "почта@пример.рф", LATER, 70_000, Outcome.REFUSED, None, 550, 'no "such", {one}\\ NULL'),
    Finished(3, 1, "c@example.org", AT, 0, Outcome.SKIPPED, SkipReason.SUPPRESSED),
    Finished(4, 1, "d@example.org", AT, 9, Outcome.UNANSWERED, None, None, "two\nlines\tand 'quotes'", None, True),
]


@pytest.mark.parametrize(
    "rows",
    [ALIKE[:1], ALIKE[:2], ALIKE[:25], ALIKE[:26], ALIKE, MIXED, MIXED[1:2], MIXED[2:], [*ALIKE[10:40], *MIXED]],
    ids=["one", "two", "a handful", "one more", "many", "mixed", "one odd", "some odd", "many and odd"],
)
def test_every_row_stands_as_it_was(driver: Driver, session: Session, rows: list[Finished]) -> None:
    with driver.transaction() as work:
        work.insert(ATTEMPT, attempt_columns(driver, 7, rows))

    found = session.scalars(select(Attempt).order_by(Attempt.client_id)).all()
    assert [read(one) for one in found] == sorted((7, *one[:9], one.is_rebuilt) for one in rows)


def test_no_row_is_no_statement(driver: Driver, session: Session) -> None:
    with driver.transaction() as work:
        work.insert(ATTEMPT, attempt_columns(driver, 7, []))
        work.insert(ATTEMPT, [])

    assert not session.scalars(select(Attempt)).all()


def test_what_a_database_or_the_way_there_cannot_carry_is_replaced(driver: Driver, session: Session) -> None:
    rows = [accepted(1, "a\0b"), accepted(2, "a\x1fb"), accepted(3)]

    with driver.transaction() as work:
        work.insert(ATTEMPT, attempt_columns(driver, 7, rows))

    texts = session.scalars(select(Attempt.reply_text).order_by(Attempt.client_id)).all()
    assert texts[0] == "a\ufffdb"
    assert texts[1] in {"a\x1fb", "a\ufffdb"}
    assert texts[2] == "2.0.0 Ok"


def read(one: Attempt) -> tuple[Any, ...]:
    where = one.run_id, one.client_id, one.number, one.address
    what = one.started_at, one.took_ms, one.outcome, one.reason, one.reply_code, one.reply_text
    return (*where, *what, one.is_rebuilt)
