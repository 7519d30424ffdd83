"""The status of a mailing and the whole table of verbs, written out a second time on purpose."""

from typing import Any

import pytest

from mailer.rules.lifecycle import (
    MODERATOR_VERBS,
    OWNER_VERBS,
    MailingFacts,
    MailingStatus,
    Verb,
    may,
    status_of,
    verbs,
    verbs_of,
)
from tests.rules.test_clockwork import at

NOW = at("2026-03-10 12:00")
THEN, SOON = at("2026-03-09 12:00"), at("2026-03-11 12:00")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"is_draft": True}, "draft", id="a draft"),
        pytest.param({"next_run_at": SOON}, "scheduled", id="its first time is to come"),
        pytest.param({"next_run_at": NOW}, "active", id="its first time is now"),
        pytest.param({"next_run_at": SOON, "has_runs": True}, "active", id="it has sent, or missed"),
        pytest.param({"has_runs": True, "has_open_run": True}, "active", id="its last run goes on"),
        pytest.param({"has_runs": True}, "finished", id="nothing is left"),
        pytest.param({}, "finished", id="it ended before it began"),
        pytest.param({"paused_at": THEN, "next_run_at": SOON}, "paused", id="paused before it began"),
        pytest.param({"paused_at": THEN, "has_runs": True, "has_open_run": True}, "paused", id="paused in mid-run"),
        pytest.param({"paused_at": THEN, "has_runs": True}, "paused", id="paused with nothing left"),
        pytest.param({"stopped_at": THEN, "paused_at": THEN}, "stopped", id="stopped while paused"),
        pytest.param({"stopped_at": THEN, "has_open_run": True}, "stopped", id="stopped, the rest being skipped"),
        pytest.param({"disabled_at": THEN, "next_run_at": SOON}, "disabled", id="switched off"),
        pytest.param({"disabled_at": THEN, "is_draft": True}, "disabled", id="a draft switched off"),
        pytest.param({"disabled_at": THEN, "stopped_at": THEN, "paused_at": THEN}, "disabled", id="off beats stopped"),
        pytest.param({"disabled_at": THEN, "archived_at": THEN}, "finished", id="archived beats off"),
        pytest.param({"archived_at": THEN, "next_run_at": SOON}, "finished", id="archived is over"),
        pytest.param({"archived_at": THEN, "stopped_at": THEN}, "stopped", id="archived after a stop"),
    ],
)
def test_a_mailing_is(facts: dict[str, Any], expected: str) -> None:
    assert status_of(MailingFacts(**facts), NOW) == expected


PERMITTED = """
            edit  delete  pause  resume  stop  send_now  disable  enable
draft       x     x       -      -       -     -         x        -
scheduled   x     x       x      -       x     x         x        -
active      x     x       x      -       x     x         x        -
paused      x     x       -      x       x     -         x        -
finished    x     x       -      -       -     -         x        -
stopped     -     x       -      -       -     -         x        -
disabled    -     x       -      -       -     -         -        x
"""
HEAD, *ROWS = [line.split() for line in PERMITTED.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_verbs_that_fit(row: list[str]) -> None:
    status = MailingStatus(row[0])
    expected = {verb for verb, mark in zip(HEAD, row[1:], strict=True) if mark == "x"}

    assert verbs(status) == expected
    assert {verb for verb in Verb if may(verb, status)} == expected


def test_the_table_is_whole() -> None:
    assert [row[0] for row in ROWS] == list(MailingStatus)
    assert list(Verb) == HEAD


@pytest.mark.parametrize("status", MailingStatus)
def test_while_a_run_is_open_no_other_is_sent(status: MailingStatus) -> None:
    assert verbs(status, has_open_run=True) == verbs(status) - {Verb.SEND_NOW}
    assert not may(Verb.SEND_NOW, status, has_open_run=True)


def test_an_archived_mailing_can_do_nothing() -> None:
    assert verbs_of(MailingFacts(archived_at=THEN, next_run_at=SOON), NOW) == frozenset()


def test_verbs_come_from_the_facts() -> None:
    running = MailingFacts(next_run_at=SOON, has_runs=True, has_open_run=True)

    assert verbs_of(running, NOW) == verbs(MailingStatus.ACTIVE, has_open_run=True)


def test_an_owner_can_neither_switch_off_nor_on() -> None:
    assert {"disable", "enable"} == MODERATOR_VERBS
    assert OWNER_VERBS.isdisjoint(MODERATOR_VERBS)
    assert set(Verb) == OWNER_VERBS | MODERATOR_VERBS
