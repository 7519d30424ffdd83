"""What is kept of a closed run equals a plain count over its log, however it came to be counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.dispatch import summaries
from mailer.models import Attempt, Run, RunDomain, RunReason, RunState, RunTime, User
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import summaries as kept
from mailer.services.figures import cleaned, width_for
from tests.reports.logbook import AT, finished_run, row, write

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SAID = ["5.1.1 unknown", "5.7.515 policy", " 4.2.2 full", "no code at all", "", "5.1.1234 is none", "2.0.0 odd"]


def keep(session: Session, **facts: Any) -> int:
    session.commit()
    return summaries.keep(session, now=NOW, commit=session.commit, **facts)


def random_run(session: Session, owner: User, seed: int, size: int) -> Run:
    """A closed run in which anything may have happened, to people of a hundred houses."""
    luck = Random(seed)
    lasted = timedelta(seconds=luck.choice([0, 50, 4000, 200_000]))
    run = finished_run(session, owner, [], finished_at=AT + lasted)
    rows = []
    for client_id in range(1, size + 1):
        for number in range(1, luck.choice([1, 1, 1, 4]) + 1):
            outcome = luck.choice(list(Outcome))
            rows.append(
                row(run, client_id, outcome, number=number)
                | {"address": f"c{client_id}@{luck.choice(['', 'Sub.'])}house{min(luck.randrange(100), 60)}.example"}
                | {"started_at": AT + lasted * luck.random(), "reply_text": luck.choice(SAID)}
                | {"reply_code": luck.choice([None, 250, 450, 550])}
                | {"reason": luck.choice(list(SkipReason)) if outcome is Outcome.SKIPPED else None}
            )
    write(session, run, rows)
    return run


def check(session: Session, run: Run) -> None:
    """Compare what is kept of the run with its rows, counted in the plainest way."""
    log = session.scalars(select(Attempt).where(Attempt.run_id == run.id)).all()
    domains = Counter((one.address.split("@")[1].lower(), one.outcome.value) for one in log)
    sizes = Counter(one.address.split("@")[1].lower() for one in log)
    top = {name for name, _n in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:50]}
    wanted = Counter[tuple[str, str]]()
    for (domain, outcome), n in domains.items():
        wanted[domain if domain in top else "", outcome] += n
    assert counted(session, RunDomain, run, lambda one: one.domain) == wanted

    width = width_for(run.opened_at, run.finished_at)
    times = Counter[tuple[Any, str]]()
    for one in log:
        for width_s in {width, 900}:
            second = int(one.started_at.timestamp())
            times[(width_s, second - second % width_s), one.outcome.value] += 1
    assert counted(session, RunTime, run, lambda one: (one.width_s, int(one.begins_at.timestamp()))) == times

    reasons = Counter(
        (one.outcome, one.reason or "", one.reply_code or 0, enhanced(one.reply_text))
        for one in log
        if one.outcome is not Outcome.ACCEPTED
    )
    found = session.scalars(select(RunReason).where(RunReason.run_id == run.id)).all()
    if len(reasons) <= 100:
        assert {(one.outcome, one.reason, one.reply_code, one.enhanced): one.n for one in found} == reasons
    for outcome in Outcome:
        wanted_n = sum(n for key, n in reasons.items() if key[0] is outcome)
        assert sum(one.n for one in found if one.outcome is outcome) == wanted_n


def enhanced(text: str) -> str:
    """What opens the words that this test's servers say."""
    return next((code for code in ("5.1.1", "5.7.515", "4.2.2", "2.0.0") if text.strip().startswith(f"{code} ")), "")


def counted(session: Session, table: Any, run: Run, name: Any) -> Counter[Any]:
    rows = session.scalars(select(table).where(table.run_id == run.id)).all()
    found = {(name(one), outcome.value): getattr(one, outcome.value) for one in rows for outcome in Outcome}
    return Counter({key: n for key, n in found.items() if n})


@pytest.mark.both_databases
def test_kept_figures_equal_the_log(session: Session, owner: User) -> None:
    runs = [random_run(session, owner, seed, size) for seed, size in enumerate((0, 1, 7, 300, 300))]
    assert keep(session) == len(runs)
    for run in runs:
        check(session, run)
    assert keep(session) == 0


@pytest.mark.both_databases
def test_a_long_run_is_counted_in_stretches(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 40)
    runs = [random_run(session, owner, seed, size) for seed, size in ((11, 15), (12, 200), (13, 3), (14, 90))]
    assert keep(session) > 10
    for run in runs:
        check(session, run)


@pytest.mark.both_databases
def test_each_minute_counts_a_little_and_the_next_goes_on(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 40)
    run = random_run(session, owner, 21, 100)
    minutes = 0
    while keep(session, slice_s=0):
        minutes += 1
    assert minutes > 3
    check(session, run)


@pytest.mark.both_databases
def test_short_runs_do_not_wait_for_a_long_one(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 40)
    long, *short = (random_run(session, owner, seed, size) for seed, size in ((71, 100), (72, 5), (73, 6)))
    assert keep(session, slice_s=0) == 2
    for run in (*short, long):
        session.refresh(run)
    assert [run.summarised_at for run in (*short, long)] == [NOW, NOW, None]


@pytest.mark.both_databases
def test_a_death_in_the_middle_loses_and_doubles_nothing(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 40)
    run = random_run(session, owner, 31, 100)
    session.commit()
    deaths = iter([False, False, True, True, False])

    def commit() -> None:
        if next(deaths, False):
            session.rollback()
            raise InterruptedError
        session.commit()

    for _ in range(3):
        try:
            summaries.keep(session, now=NOW, commit=commit)
        except InterruptedError:
            continue
    check(session, run)
    assert session.get_one(Run, run.id).summarised_at == NOW


@pytest.mark.both_databases
def test_two_who_count_at_once_count_once(session: Session, owner: User) -> None:
    run = random_run(session, owner, 41, 50)
    session.commit()
    seen, again = summaries._look(session), summaries._look(session)
    assert kept.add(session, seen, now=NOW) == 1
    session.commit()
    assert kept.add(session, again, now=NOW) == 0
    session.commit()
    check(session, run)


@pytest.mark.both_databases
def test_a_run_that_is_opened_again_meanwhile_is_not_kept(session: Session, owner: User) -> None:
    run = random_run(session, owner, 51, 50)
    session.commit()
    seen = summaries._look(session)
    kept.forget(session, run)
    session.commit()
    assert kept.add(session, seen, now=NOW) == 0
    assert keep(session) == 1
    check(session, run)


@pytest.mark.both_databases
def test_what_changed_is_counted_anew(session: Session, owner: User) -> None:
    run = random_run(session, owner, 61, 50)
    assert keep(session) == 1
    changed = session.scalars(select(Attempt).where(Attempt.outcome == Outcome.UNANSWERED)).first()
    assert changed
    changed.outcome, changed.reply_code, changed.address = Outcome.ACCEPTED, 250, "new@elsewhere.example"
    kept.forget(session, run)
    assert keep(session) == 1
    check(session, run)


@pytest.mark.both_databases
def test_open_and_missed_runs_are_left_alone(session: Session, owner: User) -> None:
    for state in (RunState.OPEN, RunState.MISSED):
        finished_run(session, owner, [Outcome.ACCEPTED], state=state)
    assert keep(session) == 0


@pytest.mark.both_databases
def test_endless_kinds_of_replies_are_bounded(session: Session, owner: User) -> None:
    run = finished_run(session, owner, [])
    said = [f"5.{n}.{n} x" for n in range(1, 150)] + ["5.1.1 x"]
    write(session, run, [row(run, n, Outcome.REFUSED, reply_text=text) for n, text in enumerate(said, start=1)])
    assert keep(session) == 1
    found = {one.enhanced: one.n for one in session.scalars(select(RunReason))}
    assert (len(found), found["5.1.1"], found[""]) == (101, 2, 49)
    assert sum(found.values()) == len(said)


@pytest.mark.both_databases
def test_endless_domains_are_bounded_and_nobody_is_left_out(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "ROWS", 40)
    monkeypatch.setattr(kept, "DOMAINS_COUNTED", 60)
    run = finished_run(session, owner, [])
    rows = [row(run, n, address=f"a@{'big' if n % 3 else f'own{n}'}.example") for n in range(1, 301)]
    write(session, run, rows)
    assert keep(session) > 5
    found = {one.domain: one.accepted for one in session.scalars(select(RunDomain))}
    assert (found["big.example"], sum(found.values())) == (200, 300)
    assert len(found) <= 51
    assert set(found.values()) <= {1, 200, found[""]}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("5.1.1 <Anna.K@example.org>: unknown", "5.1.1 <…>: unknown"),
        ("user anna.k unknown; see postmaster@example.net", "user … unknown; see …"),
        ("ANNA.K is gone", "… is gone"),
        ("banna.k stays", "banna.k stays"),
        ("long " + "x" * 1_000_000, "long"),
        ("a b@c.example " * 200, ("a … " * 71) + "a"),
    ],
)
def test_examples_name_nobody(said: str, shown: str) -> None:
    assert cleaned(said, "anna.k@example.org") == shown
