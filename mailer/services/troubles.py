"""Why letters of a run were not accepted, and which mail houses its recipients are with, while nothing is kept of it
yet. Both look at a bounded number of rows and say how many: at ten million nobody waits for a count."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from mailer.models import Attempt, Run
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services.attempts import troubled

# rows behind the small index lie far apart, the first rows of a run side by side
LOOKED_AT, ADDRESSES_LOOKED_AT = 1000, 5000
DOMAINS_SHOWN = 12
# enough to hold "5.7.515", the longest enhanced code in use, so that few groups leave the database
_HEAD = 7
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")
TROUBLES = (Outcome.REFUSED, Outcome.UNANSWERED, Outcome.DEFERRED, Outcome.SKIPPED)


@dataclass(slots=True)
class Trouble:
    """Attempts that ended in the same way, with one example of the server's words."""

    outcome: Outcome
    reason: SkipReason | None
    code: int | None
    enhanced: str
    n: int = 0
    words: str = ""


@dataclass(slots=True)
class Troubles:
    """The groups, the most frequent first. `is_all`: every row was looked at, else LOOKED_AT of some outcome."""

    groups: list[Trouble] = field(default_factory=list)
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Domains:
    """Outcomes by the domain of the address among the first `looked_at` attempts of the run."""

    rows: Sequence[tuple[str, Counter[Outcome]]]
    looked_at: int
    is_all: bool


def of_run(session: Session, run: Run) -> Troubles:
    """What was not accepted, grouped by what was said."""
    found = Troubles()
    groups: dict[tuple[Any, ...], Trouble] = {}
    for outcome in TROUBLES:
        seen = 0
        for row in _grouped(session, run.id, outcome):
            seen += row.n
            enhanced = _enhanced(row.head)
            key = (outcome, row.reason, row.reply_code, enhanced)
            group = groups.setdefault(key, Trouble(outcome, row.reason, row.reply_code, enhanced, words=row.words))
            group.n += row.n
        found.is_all = found.is_all and seen < LOOKED_AT
    found.groups = sorted(groups.values(), key=lambda group: -group.n)
    return found


def domains(session: Session, run_id: int) -> Domains:
    """The domains with most attempts among the first ones; the rest are one row of their own, named ""."""
    by_domain: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    looked_at = 0
    for domain, outcome, n in _by_domain(session, run_id):
        by_domain[domain][outcome] += n
        looked_at += n
    ranked = sorted(by_domain.items(), key=lambda item: (-item[1].total(), item[0]))
    rows = ranked[:DOMAINS_SHOWN]
    rest: Counter[Outcome] = sum((counts for _, counts in ranked[DOMAINS_SHOWN:]), Counter())
    return Domains([*rows, ("", rest)] if rest else rows, looked_at, looked_at < ADDRESSES_LOOKED_AT)


def _grouped(session: Session, run_id: int, outcome: Outcome) -> Sequence[Row[*tuple[Any, ...]]]:
    columns = (Attempt.reason, Attempt.reply_code, Attempt.reply_text)
    some = troubled(select(*columns).where(Attempt.run_id == run_id, Attempt.outcome == outcome))
    looked = some.order_by(Attempt.client_id).limit(LOOKED_AT).subquery()
    head = func.substr(looked.c.reply_text, 1, _HEAD)
    grouped = select(
        looked.c.reason,
        looked.c.reply_code,
        head.label("head"),
        func.count().label("n"),
        func.min(looked.c.reply_text).label("words"),
    )
    return session.execute(grouped.group_by(looked.c.reason, looked.c.reply_code, head)).all()


def _by_domain(session: Session, run_id: int) -> Iterator[tuple[str, Outcome, int]]:
    some = select(Attempt.address, Attempt.outcome).where(Attempt.run_id == run_id)
    looked = some.order_by(Attempt.client_id, Attempt.number).limit(ADDRESSES_LOOKED_AT).subquery()
    domain = func.lower(_domain(session, looked.c.address))
    grouped = select(domain, looked.c.outcome, func.count()).group_by(domain, looked.c.outcome)
    yield from (tuple(row) for row in session.execute(grouped))


def _domain(session: Session, address: ColumnElement[str]) -> ColumnElement[str]:
    """What follows the @: each database has its own name for looking."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    at = func.instr(address, "@") if is_sqlite else func.strpos(address, "@")
    return func.substr(address, at + 1)


def _enhanced(head: str) -> str:
    found = _ENHANCED.match(head)
    return found[1] if found else ""
