"""A worker is stopped (SIGSTOP) until its lease is truly over, others go on without it, and then it wakes up."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.bench.crash_count import Count
from mailer.clock import utcnow
from mailer.dispatch.recovery import recover
from mailer.dispatch.tick import tick
from mailer.models import RunState
from tests.engine.conftest import Room
from tests.engine.faults.conftest import PATIENCE_S, Start, all_written, is_true, wait_until
from tests.engine.faults.hurried import hurried
from tests.engine.processes import put_to_sleep
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = [pytest.mark.fault, pytest.mark.both_databases]
LINES = 5
CLIENTS = 500
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
HURRIED = ("-m", "tests.engine.faults.hurried")


def asleep_in_mid_run(here: Room, smtp: SmtpServer, start: Start, **changes: str) -> subprocess.Popen[bytes]:
    """A worker that claimed, sent some and was stopped; the server has answered what was on the wire."""
    smtp.script.delay_s = 0.02
    worker = start(*HURRIED, **NARROW, **changes)
    smtp.wait_for(40, timeout_s=PATIENCE_S)
    put_to_sleep(worker, here.database)
    assert here.claims(), "the stop struck when nothing was in hand"
    return worker


def test_its_claims_are_settled_as_unanswered_and_the_late_truth_corrects_them(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, tmp_path: Path
) -> None:
    here = room(clients=CLIENTS)
    # the sleeper's journal is not here: as if it were another host's
    worker = asleep_in_mid_run(here, smtp, start, VAR_DIR=str(tmp_path / "elsewhere"))
    parts = hurried(here.engine.parts)
    here.restart(ledger=parts.ledger)
    wait_until(lambda: recover(parts.ledger, parts.folder, now=utcnow()).claims > 0, what="lease and grace to be over")
    smtp.script.delay_s = 0
    send_the_rest(here)
    before = counted(here)
    assert is_true(before), before
    assert before.arrived > 0, "the server has nothing of what is called unanswered"
    unanswered = here.outcomes().count("unanswered")
    assert here.run().state is RunState.DONE
    worker.send_signal(signal.SIGCONT)
    assert worker.wait(PATIENCE_S) == 0
    after = counted(here)
    assert is_true(after), after
    # a body that was asked for in the very moment of the stop is not called back: it was unanswered until answered
    late = after.letters - before.letters
    assert late <= LINES, "letters began after the lease was lost"
    # every answer that had come while it slept is in the log now, with the server's words
    assert after.arrived == 0
    assert here.outcomes().count("unanswered") == unanswered - before.arrived - late
    assert here.adds_up()


def test_on_the_same_host_a_sleeper_is_not_taken_for_dead(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted
) -> None:
    here = room(clients=CLIENTS)
    worker = asleep_in_mid_run(here, smtp, start)
    claims = {claim.id for claim in here.claims()}
    parts = hurried(here.engine.parts)
    here.restart(ledger=parts.ledger)
    wait_until(
        lambda: {one.over_for_s > 60 for one in parts.ledger.dead_claims("")} == {True},
        what="lease and grace to be over",
    )
    smtp.script.delay_s = 0
    send_the_rest(here)
    assert claims <= {claim.id for claim in here.claims()}
    assert here.run().state is RunState.OPEN
    letters = len(smtp.letters)
    assert letters < CLIENTS
    worker.send_signal(signal.SIGCONT)
    worker.wait(PATIENCE_S)
    send_the_rest(here)
    wait_until(lambda: here.run().state is RunState.DONE, what="the run to be done")
    all_written(here, smtp)
    found = counted(here)
    assert is_true(found), found
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert here.adds_up()


def send_the_rest(here: Room) -> None:
    """The others: a tick, and sending as long as there is something to claim."""
    ledger = here.engine.parts.ledger

    def is_over() -> bool:
        tick(ledger, now=utcnow(), folder=here.engine.parts.folder)
        return here.work(5).is_over and not ledger.open_runs(1)

    wait_until(is_over, what="the rest to be sent")
    here.engine.close()
    here.restart()
    tick(ledger, now=utcnow(), folder=here.engine.parts.folder)
