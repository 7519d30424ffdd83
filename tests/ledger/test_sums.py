"""Whatever order things happen in: nobody is in two hands, nobody is lost, and all sums agree."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import create_engine, delete, select
from sqlalchemy.orm import Session

from mailer import orm
from mailer.dispatch.ledger import open_ledger
from mailer.dispatch.ledger.types import Finished, Recipient, Settlement, Window
from mailer.models import Attempt, Client, HeldReason, RunState
from mailer.rules.outcome import FINALS, Outcome
from mailer.services import runs
from tests.ledger.play import ACCEPT, DEFER, REFUSE, Play, fate
from tests.support import world

SAYINGS: list[Callable[[Recipient], Finished] | None] = [
    ACCEPT, REFUSE, DEFER, fate(Outcome.DEFERRED), fate(Outcome.UNANSWERED), None,
]  # fmt: skip
WORKERS = ("w1", "w2")
N = 12


class Interleavings(RuleBasedStateMachine):
    """Two workers, an owner with second thoughts, and commits whose answers are lost."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        shutil.copy(self.template, self.folder / "mailer.db")
        self.engine = create_engine(f"sqlite:///{self.folder / 'mailer.db'}")
        orm.prepare(self.engine)
        self.session = Session(self.engine)
        self.play = Play(self.session, open_ledger(self.engine))
        self.play.open(N)
        self.hands: dict[str, dict[int, tuple[Window, set[Recipient]]]] = {name: {} for name in WORKERS}
        self.accepted: Counter[int] = Counter()
        self.unsubscribed: set[int] = set()
        self.last: tuple[str, Settlement] | None = None

    def teardown(self) -> None:
        self.finish()
        self.session.close()
        self.engine.dispose()
        shutil.rmtree(self.folder)

    @rule(name=st.sampled_from(WORKERS), size=st.integers(1, 5))
    def take(self, name: str, size: int) -> None:
        window = self.play.turn(worker=name, size=size).window
        if window is not None:
            self.hands[name][window.claim_id] = (window, set(window.recipients))

    @precondition(lambda self: any(self.hands.values()))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([name for name in WORKERS if self.hands[name]]))
        claim_id = data.draw(st.sampled_from(sorted(self.hands[name])))
        window, left = self.hands[name][claim_id]
        here = sorted(left)[: data.draw(st.integers(1, len(left)))]
        sayings = [data.draw(st.sampled_from(SAYINGS)) for _ in here]
        self.settle(name, window, left, here, sayings)

    def settle(self, name, window, left, here, sayings) -> None:
        left -= set(here)
        finished = tuple(say(one) for say, one in zip(sayings, here, strict=True) if say)
        back = tuple(one for say, one in zip(sayings, here, strict=True) if not say)
        self.accepted.update(one.client_id for one in finished if one.outcome is Outcome.ACCEPTED)
        settlement = Settlement(window.claim_id, window.run_id, finished, back, is_over=not left)
        assert self.play.settle(settlement, worker=name).lost_claims == ()
        self.last = (name, settlement)
        if not left:
            del self.hands[name][window.claim_id]

    @precondition(lambda self: self.last)
    @rule()
    def say_the_same_again(self) -> None:
        assert self.last is not None
        name, settlement = self.last
        self.play.settle(settlement, worker=name)

    @rule()
    def pause(self) -> None:
        self.play.session.commit()
        runs.hold(self.session, self.play.mailing.id, HeldReason.PAUSED, now=datetime.now(UTC))
        self.session.commit()

    @rule()
    def resume(self) -> None:
        runs.release(self.session, self.play.mailing.id, HeldReason.PAUSED, now=datetime.now(UTC))
        self.session.commit()

    @rule(place=st.integers(0, N - 1))
    def unsubscribe(self, place: int) -> None:
        client = self.session.scalars(select(Client).order_by(Client.id).offset(place)).first()
        if client is not None and client.id not in self.unsubscribed:
            self.unsubscribed.add(client.id)
            world.make_suppression(self.session, self.play.owner, client.email)
        self.session.commit()

    @rule()
    def close(self) -> None:
        self.play.ledger.finish_complete(datetime.now(UTC))

    @rule()
    def send_the_unanswered_again(self) -> None:
        run = self.session.get_one(type(self.play.run()), self.play.run_id)
        runs.resend_unanswered(self.session, run, now=datetime.now(UTC) - timedelta(seconds=1))
        self.session.commit()

    @invariant()
    def nobody_is_in_two_places_and_sums_agree(self) -> None:
        log = self.play.log()
        final = [row for row in log if row.outcome in FINALS and row.resent_at is None]
        ended = Counter(row.client_id for row in final)
        held = Counter(one.client_id for hands in self.hands.values() for _w, left in hands.values() for one in left)
        waiting = Counter(client_id for client_id, _number in self.play.retries())
        where = ended + held + waiting
        run = self.play.run()
        assert not where or max(where.values()) == 1
        assert sum(where.values()) == run.total
        assert Counter(row.outcome for row in final) == +Counter(
            {outcome: getattr(run, outcome.value) for outcome in FINALS}
        )
        assert run.deferred == sum(number > 1 for _client_id, number in self.play.retries())
        assert self.play.days() == Counter(row.outcome.value for row in log)
        assert not self.accepted or max(self.accepted.values()) == 1

    def finish(self) -> None:
        """From wherever it stands, it comes to an end in which everybody is accounted for."""
        runs.release(self.session, self.play.mailing.id, HeldReason.PAUSED, now=datetime.now(UTC))
        for name in WORKERS:
            for window, left in list(self.hands[name].values()):
                self.settle(name, window, left, sorted(left), [ACCEPT] * len(left))
        while (window := self.play.turn(worker="w1").window) is not None:
            everybody = set(window.recipients)
            self.hands["w1"][window.claim_id] = (window, everybody)
            self.settle("w1", window, everybody, sorted(everybody), [ACCEPT] * len(everybody))
        self.play.ledger.finish_complete(datetime.now(UTC))
        self.nobody_is_in_two_places_and_sums_agree()
        assert self.play.run().state is RunState.DONE
        assert self.play.run().total == N


def test_sums_agree_in_every_order(sqlite_template: Path) -> None:
    Interleavings.template = sqlite_template
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),  # a failure is read from its steps; shrinking takes minutes
        ),
    )


def test_the_machine_counts_what_it_claims_to_count(sqlite_template: Path) -> None:
    """The check can fail: a row taken from the log is noticed."""
    Interleavings.template = sqlite_template
    machine = Interleavings()
    machine.take("w1", 2)
    window, left = machine.hands["w1"].popitem()[1]
    machine.hands["w1"][window.claim_id] = (window, left)
    machine.settle("w1", window, left, sorted(left), [ACCEPT, ACCEPT])
    machine.nobody_is_in_two_places_and_sums_agree()
    machine.session.execute(delete(Attempt))
    machine.session.commit()
    with pytest.raises(AssertionError):
        machine.nobody_is_in_two_places_and_sums_agree()
    machine.session.close()
    machine.engine.dispose()
