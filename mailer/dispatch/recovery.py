"""Cleaning up after dead workers: what their journals tell is believed, what nobody knows is called unanswered.

May be done again and again, and by several at once. Nothing of unknown fate is ever sent again here.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.dispatch import remains
from mailer.dispatch.journal import ACCEPTED, DEFERRED, REFUSED, UNTOUCHED, States
from mailer.dispatch.ledger.interface import Ledger
from mailer.dispatch.ledger.types import DeadClaim, Finished, Recipient, Settlement
from mailer.dispatch.remains import Life, Remains
from mailer.rules.outcome import Outcome, retry_delay

log = logging.getLogger(__name__)

# beyond the lease, for a worker whose journal is not here: clocks and networks may be slow
GRACE_S = 60.0

_OUTCOMES = {ACCEPTED: Outcome.ACCEPTED, REFUSED: Outcome.REFUSED, DEFERRED: Outcome.DEFERRED}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What one round came to."""

    claims: int = 0
    back: int = 0
    rebuilt: int = 0
    unanswered: int = 0


def recover(ledger: Ledger, folder: Path, *, now: datetime) -> Recovered:
    """Settle the claims of workers that are dead, and let go of what else they held."""
    claims = ledger.dead_claims("")
    lives = {worker: remains.examine(folder, worker) for worker in {claim.worker for claim in claims}}
    done = [one for one in (_recover(ledger, claim, lives[claim.worker], now) for claim in claims) if one]
    _replace_sender(ledger, folder)
    remains.sweep(folder, {claim.worker for claim in claims}, now)
    return Recovered(
        claims=len(done),
        back=sum(len(one.back) for one in done),
        rebuilt=sum(one.outcome is not Outcome.UNANSWERED for settled in done for one in settled.finished),
        unanswered=sum(one.outcome is Outcome.UNANSWERED for settled in done for one in settled.finished),
    )


def _recover(ledger: Ledger, claim: DeadClaim, found: Remains, now: datetime) -> Settlement | None:
    """A worker known to be dead needs no lease to end; one of another host or boot has lease and grace."""
    if found.life is Life.ALIVE or (found.life is Life.UNKNOWN and claim.over_for_s < GRACE_S):
        return None
    states = found.claims.get(claim.claim_id, []) if found.life is Life.DEAD else None
    settlement = verdict(claim, states, now)
    if not ledger.settle_dead(claim, settlement):
        return None
    log.warning(
        "claim %d of dead worker %s is settled: %d go back, %d have an outcome", claim.claim_id, claim.worker,
        len(settlement.back), len(settlement.finished),
    )  # fmt: skip
    return settlement


def verdict(claim: DeadClaim, states: States | None, now: datetime) -> Settlement:
    """What becomes of a dead worker's claim. `states` None: nothing is known; shorter than the claim: untouched."""
    back, finished = [], []
    for place, one in enumerate(claim.recipients):
        if one is None:
            continue
        state, code = (None, 0) if states is None else states[place] if place < len(states) else (UNTOUCHED, 0)
        if state == UNTOUCHED:
            back.append(Recipient(*one, name=""))
        else:
            finished.append(_rebuilt(claim, one, _OUTCOMES.get(state, Outcome.UNANSWERED), code, now))  # type: ignore[arg-type]
    return Settlement(claim.claim_id, claim.run_id, tuple(finished), tuple(back), back_at=now)


def _rebuilt(claim: DeadClaim, one: tuple[int, int, str], outcome: Outcome, code: int, now: datetime) -> Finished:
    """A row without the server's words; when exactly the conversation took place is lost with them."""
    client_id, number, address = one
    return Finished(
        client_id=client_id,
        number=number,
        address=address,
        started_at=claim.claimed_at,
        took_ms=0,
        outcome=outcome,
        reply_code=code or None,
        retry_at=now + retry_delay(number, random.random()) if outcome is Outcome.DEFERRED else None,
        is_rebuilt=True,
    )


def _replace_sender(ledger: Ledger, folder: Path) -> None:
    """SQLite: a dead sender's place is free at once, not only when its lease ends."""
    worker = ledger.sender()
    if worker is not None and remains.examine(folder, worker).life is Life.DEAD:
        ledger.leave_sender(worker)
