"""An engine over the test's own database and mail server, runs to send, and the log they leave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.dispatch.engine import Engine, WorkReport, build_engine
from mailer.mail.wire import Limits
from mailer.models import Attempt, Claim, Mailing, Retry, Run, User
from tests.support import world
from tests.support.processes import wait_until
from tests.support.smtp_server import SmtpServer

PAST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Room:
    """One owner with a mailing and an open run; the test turns the engine's crank."""

    database: Database
    engine: Engine
    owner_id: int
    mailing_id: int
    run_id: int

    def work(self, for_s: float = 20) -> WorkReport:
        """Send until nothing is left to do now."""
        return self.engine.work(for_s)

    def send(self) -> WorkReport:
        """Work, and let go of everything."""
        report = self.work()
        self.engine.close()
        return report

    def restart(self, **changes: Any) -> None:
        """Another process's engine over the same database."""
        self.engine = Engine(replace(self.engine.parts, **changes))

    def run(self) -> Run:
        """The run's row as it stands."""
        with Session(self.database) as session:
            return session.get_one(Run, self.run_id)

    def log(self) -> list[Attempt]:
        """The run's attempts, by client and number."""
        with Session(self.database) as session:
            rows = select(Attempt).where(Attempt.run_id == self.run_id)
            return list(session.scalars(rows.order_by(Attempt.client_id, Attempt.number)))

    def outcomes(self) -> list[str]:
        """The log's outcomes in that order."""
        return [str(row.outcome) for row in self.log()]

    def retries(self) -> list[Retry]:
        """Who waits for another try."""
        with Session(self.database) as session:
            return list(session.scalars(select(Retry).where(Retry.run_id == self.run_id)))

    def claims(self) -> list[Claim]:
        """What is in somebody's hands."""
        with Session(self.database) as session:
            return list(session.scalars(select(Claim)))

    def change(self, kind: type[Run | Mailing | User | Retry | Claim], **facts: Any) -> None:
        """Change all rows of a table, as the web would, in one committed transaction."""
        with Session(self.database) as session:
            session.execute(update(kind).values(**facts))
            session.commit()

    def time_passes(self) -> None:
        """Whatever waits has waited long enough."""
        self.change(Retry, due_at=PAST)
        self.change(Run, held_until=PAST)

    def adds_up(self) -> bool:
        """The counters equal the rows, and together the total."""
        run = self.run()
        finals = [row for row in self.log() if row.outcome != "deferred" and row.resent_at is None]
        counted = {name: sum(row.outcome == name for row in finals) for name in COUNTED}
        return counted == {name: getattr(run, name) for name in COUNTED} and len(finals) == run.total


COUNTED = ("accepted", "refused", "skipped", "unanswered")


@pytest.fixture
def room(app: Flask, smtp: SmtpServer, engine: Database) -> Iterator[Callable[..., Room]]:
    """`room(clients=20, dot_s=1)`: a run with so many clients, and the wire's limits where they matter."""
    made: list[Room] = []

    def build(clients: int = 20, *, version: dict[str, Any] | None = None, **limits: Any) -> Room:
        with Session(engine) as session:
            owner = world.make_user(session)
            world.make_clients(session, owner, clients)
            mailing = world.make_mailing(session, owner, next_run_at=None)
            frozen = world.make_version(session, owner, **(version or {}))
            run = world.make_run(session, mailing, version_id=frozen.id)
            ids = (owner.id, mailing.id, run.id)
            session.commit()
        sender = build_engine(app)
        made.append(Room(engine, Engine(replace(sender.parts, limits=Limits(**limits))), *ids))
        return made[-1]

    yield build
    for one in made:
        one.engine.close()


@pytest.fixture
def until() -> Callable[..., None]:
    """Poll with a deadline."""
    return wait_until
