"""Addresses of which a server said that nobody lives there, for ever: they go on the owner's stop list.

Written beside the log, not with it: should it be lost, the next refusal says it again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.dispatch.ledger.types import Finished, Settlement
from mailer.models import Run, SuppressionReason
from mailer.rules.outcome import Outcome, is_dead_address
from mailer.services import addresses, suppressions

NOTE = 500


def dead(settlements: Sequence[Settlement]) -> list[tuple[int, Finished]]:
    """(run id, result) of those refused for ever; nearly always none."""
    return [
        (settlement.run_id, one)
        for settlement in settlements
        for one in settlement.finished
        if one.outcome is Outcome.REFUSED and is_dead_address(one.reply_code or 0, one.reply_text)
    ]


def bury(database: Engine, found: Sequence[tuple[int, Finished]], *, now: datetime) -> None:
    """Put them on their owners' lists; one that stands there already keeps its first reason."""
    with Session(database) as session:
        owners = select(Run.id, Run.owner_id).where(Run.id.in_({run_id for run_id, _one in found}))
        owner_of = {row.id: row.owner_id for row in session.execute(owners)}
        for run_id, one in found:
            address = addresses.read(one.address)
            if address is not None and run_id in owner_of:
                suppressions.add(
                    session,
                    owner_of[run_id],
                    address,
                    SuppressionReason.DEAD_ADDRESS,
                    now=now,
                    note=f"{one.reply_code} {one.reply_text}"[:NOTE],
                    run_id=run_id,
                )
        session.commit()
