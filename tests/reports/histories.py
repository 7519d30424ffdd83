"""Random histories for the tests of the reports: real verbs of the ledger and the services, in any order.

Owners sit in different zones; letters begin at moments around clock changes and midnights before `now`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mailer.dispatch import recovery, summaries
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.types import Finished, Order, Recipient, Settlement, Window
from mailer.models import Client, HeldReason, Mailing, Run, RunState, Suppression, SuppressionReason, Tag, User
from mailer.rules.errors import Conflict
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import runs, suppressions
from mailer.services.addresses import Address
from tests.support import world

HOUSES = ("home.example", "Work.example", "xn--80akhbyknj4f.example", *(f"house{n}.example" for n in range(20)))
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham")
REFUSALS = ((550, "5.1.1 nobody"), (554, "5.7.1 policy"), (552, "5.2.2 full"), (550, "go away"))
DEFERRALS = ((451, "4.7.1 greylisted"), (452, "4.2.2 full"), (421, ""))
OURS = (SkipReason.UNFILLABLE, SkipReason.BAD_ADDRESS, SkipReason.TOO_LARGE)
WORKERS = ("w1", "w2")
# a while after clocks have changed
ENDS = (datetime(2025, 4, 10, 13, tzinfo=UTC), datetime(2025, 11, 20, 3, tzinfo=UTC))
LATER = timedelta(hours=2)


class History:
    """One owner's past, made step by step. `now` is the end of it; skips bear the database's own clock."""

    def __init__(self, session: Session, ledger: SqlLedger, luck: Random, now: datetime, **facts: Any) -> None:
        self.session, self.ledger, self.luck, self.now = session, ledger, luck, now
        self.owner: User = world.make_user(session, **facts)
        self.tags: list[Tag] = [world.make_tag(session, self.owner) for _ in range(2)]
        for _ in range(luck.randint(3, 20)):
            self.add_client()
        self.runs: list[Run] = [run for _ in range(3) for run in self.mailing(luck.randint(1, 3))]
        self.opened = {run.id: run.opened_at for run in self.runs}
        self.hands: dict[int, tuple[str, Window, list[Recipient]]] = {}
        self.lost: list[tuple[str, Window, list[Recipient]]] = []
        session.commit()

    def mailing(self, n: int) -> list[Run]:
        """A mailing to somebody, and `n` open runs of it."""
        audience = self.luck.choice(["all", "tags", "picked"])
        ids = list(self.session.scalars(select(Client.id).where(Client.owner_id == self.owner.id)))
        picked = self.luck.sample(ids, len(ids) // 2) if audience == "picked" else []
        tags = self.tags if audience == "tags" else []
        made: Mailing = world.make_mailing(self.session, self.owner, audience=audience, tags=tags, picked=picked)
        found = []
        for day in self.luck.sample(range(40), n):
            at = (self.now - timedelta(days=day)).replace(minute=self.luck.choice([0, 30, 59]))
            facts = {"due_on": at.date(), "scheduled_for": at, "opened_at": at}
            found.append(world.make_run(self.session, made, **facts))
        return found

    def add_client(self, email: str = "") -> None:
        """Somebody new, or somebody again."""
        n = self.luck.randrange(10**9)
        email = email or f"c{n}@{self.luck.choice(HOUSES).lower()}"
        tags = [tag for tag in self.tags if self.luck.random() < 0.5]
        world.make_client(self.session, self.owner, email=email, tags=tags)

    def step(self) -> None:
        """One thing happens."""
        verbs: list[Callable[[], object]] = [
            *[self.take, self.answer] * 6, self.lose, self.learn, self.resend, self.someone, self.someone,
            self.hold, self.drain, self.end_of_time, self.close, self.keep, self.expect,
        ]  # fmt: skip
        self.luck.choice(verbs)()
        self.session.commit()

    def run(self) -> Run:
        """Any of them, fresh."""
        return self.session.get_one(Run, self.luck.choice(self.runs).id, populate_existing=True)

    def take(self) -> None:
        """A worker takes a few."""
        worker, run_id = self.luck.choice(WORKERS), self.run().id
        self.session.commit()
        window = self.ledger.turn([], Order(run_id, self.luck.randint(1, 8)), worker=worker).window
        if window is not None:
            self.hands[window.claim_id] = (worker, window, list(window.recipients))

    def answer(self) -> None:
        """Some of those in hand are answered for, or go back."""
        if not self.hands:
            return
        claim_id = self.luck.choice(sorted(self.hands))
        worker, window, left = self.hands[claim_id]
        here = left[: self.luck.randint(1, len(left))]
        del left[: len(here)]
        back = tuple(one for one in here if self.luck.random() < 0.1)
        finished = tuple(self.fate(window, one) for one in here if one not in back)
        settlement = Settlement(claim_id, window.run_id, finished, back, is_over=not left)
        self.ledger.turn([settlement], None, worker=worker)
        if not left:
            del self.hands[claim_id]

    def fate(self, window: Window, one: Recipient, *, is_final: bool = False) -> Finished:
        """What became of one."""
        kinds = list(Outcome) if not is_final else [Outcome.ACCEPTED, Outcome.REFUSED]
        outcome = self.luck.choices(kinds, [5, 2, 2, 1, 1][: len(kinds)])[0]
        code, words = {
            Outcome.ACCEPTED: (250, "2.0.0 Ok"),
            Outcome.REFUSED: self.luck.choice(REFUSALS),
            Outcome.DEFERRED: self.luck.choice(DEFERRALS),
        }.get(outcome, (None, ""))
        opened_at = self.opened[window.run_id]
        return Finished(
            one.client_id, one.number, one.address, opened_at + timedelta(seconds=self.luck.triangular(0, 130_000, 0)),
            self.luck.randrange(20_000), outcome, self.luck.choice(OURS) if outcome is Outcome.SKIPPED else None,
            code, words,
            opened_at if outcome is Outcome.DEFERRED and self.luck.random() < 0.8 else None,
        )  # fmt: skip

    def lose(self) -> None:
        """A worker is taken for dead: what it holds is unanswered, until it speaks."""
        if not self.hands:
            return
        claim_id = self.luck.choice(sorted(self.hands))
        worker, window, left = self.hands.pop(claim_id)
        claim = next(one for one in self.ledger.dead_claims("") if one.claim_id == claim_id)
        assert self.ledger.settle_dead(claim, recovery.verdict(claim, None, self.now))
        self.lost.append((worker, window, left))

    def learn(self) -> None:
        """It was not dead, and tells what became of them."""
        if not self.lost:
            return
        worker, window, left = self.lost.pop(self.luck.randrange(len(self.lost)))
        finished = tuple(self.fate(window, one, is_final=True) for one in left)
        self.ledger.turn([Settlement(window.claim_id, window.run_id, finished)], None, worker=worker)

    def resend(self) -> None:
        """The owner has the unanswered ones sent again."""
        try:
            runs.resend_unanswered(self.session, self.run(), now=self.now - LATER)
        except Conflict:
            self.session.rollback()

    def someone(self) -> None:
        """A client leaves, comes back, moves, or wants no more letters."""
        ids = list(self.session.scalars(select(Client.id).where(Client.owner_id == self.owner.id)))
        if not ids:
            self.add_client()
            return
        client = self.session.get_one(Client, self.luck.choice(ids))
        match self.luck.randrange(5):
            case 0:
                client.email = client.address_key = f"moved{client.id}-{self.luck.randrange(10**6)}@home.example"
                client.address_changed_at = datetime.now(UTC)
            case 1 | 2:
                email = client.email
                self.session.delete(client)
                self.session.flush()
                if self.luck.random() < 0.6:
                    self.add_client(email)
            case 3:
                address = Address(client.email, client.address_key)
                reason = self.luck.choice([SuppressionReason.UNSUBSCRIBED, SuppressionReason.MANUAL])
                suppressions.add(self.session, self.owner.id, address, reason, now=self.now)
            case 4:
                mine = Suppression.owner_id == self.owner.id
                self.session.execute(delete(Suppression).where(mine, Suppression.address_key == client.address_key))

    def hold(self) -> None:
        """Paused and taken up again, in any order."""
        mailing_id = self.run().mailing_id
        if self.luck.random() < 0.3:
            runs.hold(self.session, mailing_id, HeldReason.PAUSED, now=self.now)
        else:
            runs.release(self.session, mailing_id, HeldReason.PAUSED, now=self.now - LATER)

    def drain(self) -> None:
        """Stopped or cancelled: the rest is skipped."""
        if self.luck.random() < 0.2:
            reason = self.luck.choice([SkipReason.STOPPED, SkipReason.CANCELLED, SkipReason.OWNER_BLOCKED])
            runs.cancel_open_runs(self.session, reason, now=self.now, mailing_id=self.run().mailing_id)

    def end_of_time(self) -> None:
        """Nobody is tried again any more."""
        if self.luck.random() < 0.3:
            given = update(Run).where(Run.id == self.run().id, Run.state == RunState.OPEN)
            self.session.execute(given.values(give_up_at=datetime.now(UTC) - LATER))

    def close(self) -> None:
        """What is complete is closed."""
        self.session.commit()
        self.ledger.finish_complete(datetime.now(UTC))

    def keep(self) -> None:
        """The chore counts a stretch, and may be interrupted."""
        summaries.keep(self.session, now=self.now, commit=self.session.commit, slice_s=self.luck.choice([0, 0, 2]))

    def expect(self) -> None:
        """The audience is counted beside the sending."""
        run_id = self.run().id
        self.session.commit()
        self.ledger.count_expected(run_id)

    def finish(self) -> None:
        """Bring most runs to their end and have them counted."""
        for run in self.luck.sample(self.runs, len(self.runs) * 2 // 3):
            runs.release(self.session, run.mailing_id, HeldReason.PAUSED, now=self.now - LATER)
            self.session.commit()
            run_id = run.id
            self.session.commit()
            for _ in range(60):
                for claim_id in [one for one, hand in self.hands.items() if hand[1].run_id == run_id]:
                    worker, window, left = self.hands.pop(claim_id)
                    finished = tuple(self.fate(window, one, is_final=True) for one in left)
                    self.ledger.turn([Settlement(claim_id, run_id, finished)], None, worker=worker)
                turn = self.ledger.turn([], Order(run_id, 5), worker="w1")
                if turn.window:
                    self.hands[turn.window.claim_id] = ("w1", turn.window, list(turn.window.recipients))
                elif turn.is_dry or turn.is_closed:
                    break
        self.close()
        if self.luck.random() < 0.7:
            self.keep()

