"""The count after a crash finds each kind of fault, and the receiver keeps a letter before it answers."""

import smtplib
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.bench import receivers
from mailer.bench.crash_count import Count, compare
from mailer.models import Attempt
from mailer.rules.outcome import Outcome
from tests.support import world


@pytest.fixture
def log(session: Session, engine: Engine) -> Engine:
    """Three clients a, b, c: a and b accepted, c unanswered."""
    owner = world.make_user(session)
    outcomes = {"a": Outcome.ACCEPTED, "b": Outcome.ACCEPTED, "c": Outcome.UNANSWERED}
    for number, (name, outcome) in enumerate(outcomes.items(), 1):
        world.make_client(session, owner, email=f"{name}@example.org")
        row = Attempt(run_id=1, client_id=number, number=1, address=f"{name}@example.org", outcome=outcome)
        row.started_at = world.NOW
        session.add(row)
    session.commit()
    return engine


def counted(engine: Engine, folder: Path, *names: str) -> Count:
    kept = folder / "kept"
    kept.write_text("".join(f"1.0 {name}@example.org\n" for name in names))
    return compare(engine, kept)


def test_a_clean_run_counts_clean(log: Engine, tmp_path: Path) -> None:
    found = counted(log, tmp_path, "a", "b", "c")
    assert (found.doubles, found.lost, found.empty_rows, found.silent_letters) == (0, 0, 0, 0)
    assert (found.letters, found.rows, found.arrived) == (3, 3, 1)


def test_a_second_letter_is_a_double(log: Engine, tmp_path: Path) -> None:
    assert counted(log, tmp_path, "a", "a", "b").doubles == 1


def test_a_row_that_says_accepted_without_a_letter_is_a_lie(log: Engine, tmp_path: Path) -> None:
    assert counted(log, tmp_path, "a").empty_rows == 1


def test_a_letter_without_a_row_is_a_lie_and_its_client_lost(log: Engine, session: Session, tmp_path: Path) -> None:
    world.make_client(session, world.make_user(session), email="d@example.org")
    session.commit()
    found = counted(log, tmp_path, "a", "b", "d")
    assert (found.silent_letters, found.lost) == (1, 1)


def test_the_receiver_has_a_letter_on_disk_before_it_answers(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with receivers.own(keep=kept) as receiver, smtplib.SMTP("127.0.0.1", receiver.port) as server:
        server.sendmail("a@example.org", ["b@example.org"], "Subject: x\r\n\r\nx\r\n")
        assert kept.read_text().split()[1] == "b@example.org"
    assert receiver.said["letters"] == 1
    assert receiver.spent.cpu_s > 0
