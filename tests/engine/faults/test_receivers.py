"""A receiver with bad manners, for ever or for a while: what each of them costs, and whom."""

from collections.abc import Callable
from typing import Any

import pytest

from mailer.bench.crash_count import Count
from mailer.models import HeldReason, RunState
from tests.engine.conftest import Room
from tests.engine.faults.conftest import is_true
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = pytest.mark.fault
CLIENTS = 12
ONE = "*-3@*"


def settle(here: Room) -> None:
    """Send, and again as often as somebody waits to be tried again, until the run is closed."""
    for _ in range(10):
        here.work()
        if here.run().state is RunState.DONE:
            break
        here.time_passes()
    here.engine.close()


STEPS = ("rcpt", "data", "dot")
LATER = [(step, code) for step in STEPS for code in (450, 451, 452)] + [("rcpt", 552)]  # RFC 5321 §4.5.3.1.10
NEVER = [(step, code) for step in STEPS for code in (550, 552, 553, 554) if (step, code) != ("rcpt", 552)]


@pytest.mark.both_databases
def test_temporary_refusals_are_tried_again_and_accepted(room: Build, smtp: SmtpServer, counted: Counted) -> None:
    for place, (step, code) in enumerate(LATER):
        smtp.add(step, f"*-{place}@*", code=code, text=f"4.0.0 later at {step}", times=1)
    here = room(clients=CLIENTS)
    settle(here)
    assert sorted((fault.step, fault.code) for fault in smtp.faults) == sorted(LATER)
    deferred = [row for row in here.log() if row.outcome == "deferred"]
    said = [(row.reply_text.rpartition(" ")[2], row.reply_code) for row in deferred if row.number == 1]
    assert said == LATER
    assert here.outcomes().count("accepted") == CLIENTS
    assert counted(here).letters == CLIENTS
    assert is_true(counted(here))
    assert here.adds_up()


@pytest.mark.both_databases
def test_refusals_for_good_are_not_tried_again(room: Build, smtp: SmtpServer, counted: Counted) -> None:
    for place, (step, code) in enumerate(NEVER):
        smtp.add(step, f"*-{place}@*", code=code, text=f"5.0.0 never at {step}")
    here = room(clients=CLIENTS)
    settle(here)
    assert sorted((fault.step, fault.code) for fault in smtp.faults) == sorted(NEVER)
    refused = [row for row in here.log() if row.outcome == "refused"]
    assert [(row.reply_text.rpartition(" ")[2], row.reply_code) for row in refused] == NEVER
    assert here.outcomes().count("accepted") == CLIENTS - len(NEVER)
    assert is_true(counted(here))
    assert here.adds_up()


@pytest.mark.parametrize("code", [550, 553])
def test_a_sender_refused_for_good_stops_the_run_with_one_reason(room: Build, smtp: SmtpServer, code: int) -> None:
    smtp.add("mail", code=code, text="5.7.1 not you")
    here = room(clients=300)
    here.send()
    assert 1 <= len(smtp.faults) <= 20
    run = here.run()
    assert run.held_reason is HeldReason.SENDER_REFUSED
    assert f"{code} 5.7.1 not you" in run.held_words
    assert (here.log(), here.claims(), smtp.letters) == ([], [], [])


@pytest.mark.parametrize("step", ["banner", "ehlo", "mail"])
def test_421_for_ever_before_any_recipient_uses_nobody_up(room: Build, smtp: SmtpServer, step: str) -> None:
    smtp.add(step, code=421, text="4.3.2 closing")
    here = room(clients=CLIENTS)
    for _ in range(4):
        here.work()
        here.time_passes()
    assert len(smtp.faults) >= 4, "it was not tried again"
    run = here.run()
    assert run.held_reason is HeldReason.SERVER
    assert run.held_count >= 4
    assert "421" in run.held_words
    assert (here.log(), here.claims(), smtp.letters) == ([], [], [])
    smtp.clear()
    settle(here)
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert here.adds_up()


@pytest.mark.parametrize("step", ["rcpt", "data", "dot"])
def test_421_for_ever_at_one_recipient_defers_that_one(
    room: Build, smtp: SmtpServer, counted: Counted, step: str
) -> None:
    smtp.add(step, ONE, code=421, text="4.3.2 closing")
    here = room(clients=CLIENTS)
    here.work()
    assert {fault.code for fault in smtp.faults} == {421}
    assert here.outcomes().count("accepted") == CLIENTS - 1
    assert here.outcomes().count("deferred") == 1
    assert [row.number for row in here.retries()] == [2]
    smtp.clear()
    here.time_passes()
    settle(here)
    assert here.outcomes().count("accepted") == CLIENTS
    assert is_true(counted(here))
    assert here.adds_up()


SILENT: dict[str, dict[str, Any]] = {"rcpt": {"rcpt_s": 0.3}, "data": {"data_s": 0.3}}


@pytest.mark.parametrize("step", SILENT)
def test_a_silence_before_the_body_costs_nobody_anything(
    room: Build, smtp: SmtpServer, counted: Counted, step: str
) -> None:
    smtp.add(step, ONE, do="hang", times=1)
    here = room(clients=CLIENTS, sweep_s=0.1, **SILENT[step])
    settle(here)
    assert [fault.do for fault in smtp.faults] == ["hang"]
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert is_true(counted(here))
    assert here.adds_up()


@pytest.mark.parametrize("how", ["hang", "drip"])
@pytest.mark.parametrize("step", ["banner", "ehlo", "mail"])
def test_silence_or_a_drip_before_any_recipient_holds_the_run(
    room: Build, smtp: SmtpServer, step: str, how: str
) -> None:
    smtp.add(step, do=how, delay_s=0.05 if how == "drip" else 0, code=250)
    here = room(clients=CLIENTS, sweep_s=0.1, **{f"{step}_s": 0.3})
    here.work()
    assert {fault.do for fault in smtp.faults} == {how}
    run = here.run()
    assert run.held_reason is HeldReason.SERVER
    assert f"{step}: no progress" in run.held_words
    assert (here.log(), here.claims()) == ([], [])
    smtp.clear()
    here.time_passes()
    settle(here)
    assert here.outcomes() == ["accepted"] * CLIENTS


def test_a_tarpit_takes_its_time_and_everybody_gets_a_letter(room: Build, smtp: SmtpServer, counted: Counted) -> None:
    for step in ("banner", "ehlo", "mail", "rcpt", "data", "dot"):
        smtp.add(step, do="wait", delay_s=0.1)
    here = room(clients=CLIENTS)
    settle(here)
    assert {fault.step for fault in smtp.faults} == {"banner", "ehlo", "mail", "rcpt", "data", "dot"}
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert min(row.took_ms for row in here.log()) >= 100
    assert is_true(counted(here))
    assert here.adds_up()


def test_a_server_that_hangs_up_without_goodbye_costs_at_most_a_reply_per_line(
    room: Build, smtp: SmtpServer, counted: Counted
) -> None:
    smtp.script.close_after = 7
    here = room(clients=150, connections=3)
    settle(here)
    closings = [reply for reply in smtp.replies if reply.step == "close_after"]
    assert closings
    found = counted(here)
    assert is_true(found), found
    # a reply may be lost with the first line that is hung up on; then the limit is known
    assert here.outcomes().count("unanswered") == found.arrived <= 3
    assert found.letters == 150
    assert here.adds_up()


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_lines_cut_now_and_then_cost_nobody_anything(
    room: Build, smtp: SmtpServer, counted: Counted, step: str
) -> None:
    for skip in (5, 15, 25):
        smtp.add(step, do="reset" if skip == 15 else "cut", skip=skip, times=1)
    here = room(clients=60, connections=3)
    settle(here)
    assert len(smtp.faults) == 3
    found = counted(here)
    assert is_true(found), found
    # what was answered and not yet read when the line broke may be unknown, never doubled
    assert here.outcomes().count("unanswered") == found.arrived <= 3
    assert found.letters == 60
    assert here.adds_up()
