"""Counting after a crash: what the receiver has on disk against what the log says. Believes neither beforehand."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from mailer.models import Attempt, Client
from mailer.rules.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Count:
    """`lost` have no final row, `silent_letters` arrived without a row that may mean them.

    `empty_rows` say accepted of a letter that is not there; `arrived` were unanswered and had come all the same.
    """

    letters: int
    rows: int
    doubles: int
    lost: int
    empty_rows: int
    silent_letters: int
    arrived: int


def compare(engine: Engine, kept: Path) -> Count:
    """The same with the receiver's file."""
    return count(engine, letters(kept))


def letters(kept: Path, beyond: int = 0) -> Counter[str]:
    """Who got how many, by the receiver's file behind so many bytes: a line per letter, the address behind the time."""
    lines = kept.read_bytes()[beyond:].decode().splitlines()
    return Counter(line.split(" ", 1)[1] for line in lines)


def count(engine: Engine, letters: Counter[str]) -> Count:
    """After the run is done: who got how many letters, and what the log says of each client."""
    with engine.connect() as connection:
        clients = set(connection.scalars(select(Client.email)))
        rows = connection.execute(select(Attempt.address, Attempt.outcome)).all()
    said: dict[Outcome, set[str]] = {outcome: set() for outcome in Outcome}
    for address, outcome in rows:
        said[outcome].add(address)
    accepted, unanswered = said[Outcome.ACCEPTED], said[Outcome.UNANSWERED]
    final = set().union(*(said[outcome] for outcome in Outcome if outcome is not Outcome.DEFERRED))
    return Count(
        letters=letters.total(),
        rows=len(rows),
        doubles=sum(n - 1 for n in letters.values()),
        lost=len(clients - final),
        empty_rows=len(accepted - letters.keys()),
        silent_letters=len(letters.keys() - accepted - unanswered),
        arrived=len(unanswered & letters.keys()),
    )
