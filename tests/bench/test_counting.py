"""The count after a crash finds each kind of fault, also a blow that never struck; letters are kept before answers."""

import os
import signal
import smtplib
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.bench import receivers
from mailer.bench.crash_count import Count, compare, letters
from mailer.bench.crash_scene import struck
from mailer.bench.running import BenchError, Child
from mailer.bench.table import verdict
from mailer.dispatch import remains
from mailer.dispatch.journal import WRITING, Journal
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


def test_late_letters_are_those_behind_what_was_there_before(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("1.0 a@example.org\n2.0 b@example.org\n")
    before = kept.stat().st_size
    assert letters(kept, before).total() == 0
    with kept.open("a") as more:
        more.write("3.0 почта@example.org\n4.0 a@example.org\n")
    assert letters(kept, before) == {"почта@example.org": 1, "a@example.org": 1}
    assert letters(kept)["a@example.org"] == 2


@pytest.mark.parametrize(("hits", "asked", "is_met"), [(20, 20, True), (16, 20, True), (15, 20, False), (0, 1, False)])
def test_a_story_whose_blows_met_nobody_at_work_is_not_met(hits: int, asked: int, is_met: bool) -> None:
    said = verdict([struck("SQLite", "blows", hits, asked, "")])
    assert ("All 1 musts" in said) is is_met
    assert ("SQLite: blows in mid-run" in said) is not is_met


def test_a_halted_process_is_alive_and_one_that_ended_cannot_be_halted() -> None:
    child = Child(["sleep", "60"])
    child.halt()
    assert child.is_running
    child.end(signal.SIGKILL)
    with pytest.raises(BenchError, match="ended"):
        child.halt()


def test_what_a_process_has_cost_is_known_however_late_it_is_told_to_end() -> None:
    child = Child(["true"])
    os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has collected it
    child.tell(signal.SIGTERM)
    assert child.end().wall_s > 0
    assert child.end(signal.SIGKILL) == child.end()


def test_the_journal_of_a_sleeper_tells_what_it_has_begun_and_is_believed_by_no_recovery(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w1")
    journal.mark(journal.begin(7, 2) + 1, WRITING)
    assert remains.peek(tmp_path, "w1") == {7: [(0, 0), (WRITING, 0)]}
    assert remains.examine(tmp_path, "w1").claims == {}
    journal.close()


def test_the_receiver_has_a_letter_on_disk_before_it_answers(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with receivers.own(keep=kept) as receiver, smtplib.SMTP("127.0.0.1", receiver.port) as server:
        server.sendmail("a@example.org", ["b@example.org"], "Subject: x\r\n\r\nx\r\n")
        assert kept.read_text().split()[1] == "b@example.org"
    assert receiver.said["letters"] == 1
    assert receiver.spent.cpu_s > 0
