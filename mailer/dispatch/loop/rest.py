"""Putting runs to rest when the server or the account fails: nobody is used up, the reason is in sight."""

import random
from collections.abc import Mapping

from mailer.dispatch.ledger.types import RunFacts
from mailer.dispatch.loop.parts import Parts
from mailer.models import HeldReason
from mailer.rules.outcome import trouble_delay

AT_MOST = 500


def put_to_rest(
    parts: Parts,
    mailing_id: int | None,
    reason: HeldReason,
    words: str,
    in_hand: Mapping[int, RunFacts] | None = None,
) -> None:
    """Hold the runs in hand, and those that would meet the same trouble next; pauses grow from 10 s to 15 min."""
    runs = {run.run_id: run for run in parts.ledger.open_runs(AT_MOST, mailing_id=mailing_id)}
    runs |= in_hand or {}
    count = 1 + max((run.held_count for run in runs.values()), default=0)
    if runs:
        until = parts.clock() + trouble_delay(count, random.random())
        parts.ledger.hold(list(runs), reason, words, until)
