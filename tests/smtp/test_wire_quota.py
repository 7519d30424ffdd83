"""How many letters one connection carries: found out by scouts, who cost nobody a reply."""

from itertools import pairwise

import pytest

from mailer.mail.smtp.events import Answered, Envelope, Event, Returned, Step
from mailer.mail.smtp.settings import Settings
from mailer.mail.wire import Limits
from mailer.mail.wire.quota import CROWD, PROBE_EVERY, PROBE_SELDOM, Quota
from tests.smtp.bag import Bag, people, settle
from tests.smtp.conftest import WireMaker
from tests.smtp.conversation import BODY, Conversation
from tests.support.smtp_server import SmtpServer

SCOUT = (1_000, 100)
USUAL = (100, 100)


def opened(quota: Quota, count: int, *, among: int = CROWD) -> list[tuple[int, int]]:
    return [quota.for_next(among) for _ in range(count)]


class TestLearning:
    """Downwards from connections that were closed with work in hand, upwards from scouts."""

    def test_a_count_that_no_connection_outlived_is_a_limit(self) -> None:
        quota = Quota(100, 1_000)
        assert quota.closed_early(20, reply_lost=True)
        assert quota.letters == 20

    def test_the_longest_life_is_a_limit_as_well(self) -> None:
        quota = Quota(100, 1_000)
        quota.served(20)
        assert quota.closed_early(20, reply_lost=True)
        assert quota.letters == 20

    def test_a_server_may_want_a_connection_for_each_letter(self) -> None:
        quota = Quota(100, 1_000)
        assert quota.closed_early(1, reply_lost=False)
        assert quota.letters == 1

    def test_a_restart_among_longer_lives_is_none(self) -> None:
        quota = Quota(100, 1_000)
        quota.served(100)
        assert not quota.closed_early(37, reply_lost=True)
        assert quota.letters == 100

    def test_the_same_count_twice_is_a_limit_however_long_others_lived(self) -> None:
        quota = Quota(100, 1_000)
        quota.served(100)
        quota.closed_early(10, reply_lost=True)
        assert quota.closed_early(10, reply_lost=True)
        assert quota.letters == 10

    def test_the_first_connection_is_a_scout_and_what_it_carries_all_may(self) -> None:
        quota = Quota(100, 1_000)
        assert opened(quota, 3) == [SCOUT, USUAL, USUAL]
        quota.served(250)
        assert opened(quota, 1) == [(250, 250)]
        quota.served(5_000)
        assert set(opened(quota, 2 * PROBE_SELDOM)) == {(1_000, 1_000)}

    def test_scouts_get_rarer_while_they_bring_nothing(self) -> None:
        quota = Quota(100, 1_000)
        scouts = [at for at, letters in enumerate(opened(quota, 3_000)) if letters == SCOUT]
        pauses = [after - before for before, after in pairwise(scouts)]
        assert pauses[:3] == [PROBE_EVERY, 2 * PROBE_EVERY, 4 * PROBE_EVERY]
        assert pauses == sorted(pauses)
        assert max(pauses) == PROBE_SELDOM

    def test_while_one_scout_is_out_there_is_no_other(self) -> None:
        quota = Quota(100, 1_000)
        assert {quota.for_next(CROWD, is_scouted=True) for _ in range(2 * PROBE_SELDOM)} == {USUAL}
        assert quota.for_next(CROWD) == SCOUT

    def test_few_connections_send_no_scout_beyond_the_first_limit(self) -> None:
        assert set(opened(Quota(100, 1_000), 2 * PROBE_SELDOM, among=CROWD - 1)) == {USUAL}

    @pytest.mark.parametrize(("among", "goal"), [(1, 16), (CROWD, 1_000)])
    def test_after_a_limit_that_was_none_a_scout_finds_the_way_back(self, among: int, goal: int) -> None:
        quota = Quota(100, 1_000)
        opened(quota, 5)
        quota.closed_early(8, reply_lost=False)
        assert opened(quota, PROBE_EVERY, among=among) == [(8, 8)] * (PROBE_EVERY - 1) + [(goal, 8)]
        quota.served(16)
        assert quota.letters == 16

    def test_a_reply_lost_beyond_the_first_limit_ends_the_growing(self) -> None:
        quota = Quota(100, 1_000)
        quota.served(600)
        quota.closed_early(400, reply_lost=True)
        quota.served(600)
        assert set(opened(quota, 2 * PROBE_SELDOM)) == {USUAL}

    def test_it_never_learns_to_nothing(self) -> None:
        quota = Quota(10, 10)
        quota.closed_early(30, reply_lost=False)
        quota.closed_early(0, reply_lost=False)
        assert quota.letters == 10


@pytest.mark.usefixtures("cut")
class TestScout:
    """A conversation beyond what is known to be safe."""

    @staticmethod
    def told(said: bytes) -> tuple[Conversation, Envelope, list[Event]]:
        """What comes of these words to the envelope of the first letter beyond."""
        it = Conversation(Settings(proven_letters=1))
        it.begin()
        it.give_body()
        it.say(b"250 kept\r\n")
        it.news()
        eve = it.offer("eve@example.test")
        it.written()
        it.say(said)
        return it, eve, it.news()

    @pytest.mark.parametrize(
        "said",
        [
            b"450 no\r\n503 no\r\n503 no\r\n",
            b"550 no\r\n503 no\r\n503 no\r\n",
            b"250 a\r\n452 no\r\n",
            b"250 a\r\n250 b\r\n452 no\r\n",
        ],
        ids=["sender put off", "sender refused", "recipient put off", "data put off"],
    )
    def test_a_server_that_has_had_enough_blames_nobody(self, said: bytes) -> None:
        it, eve, news = self.told(said)
        assert news == [Returned(eve, untouched=True)]
        assert it.talk.over

    def test_a_refused_recipient_is_refused(self) -> None:
        it, eve, news = self.told(b"250 a\r\n550 nobody here\r\n503 no\r\n")
        assert news == [Answered(eve, Step.RCPT, 550, "nobody here")]
        assert not it.talk.over

    def test_what_others_carry_it_carries_with_look_ahead(self) -> None:
        it = Conversation(Settings(letters_per_connection=1, proven_letters=1))
        it.begin()
        it.talk.carry(2)
        it.talk.body([BODY])
        it.offer("eve@example.test")
        assert not it.talk.wants_envelope

    def test_fewer_than_it_may_carry_change_nothing(self) -> None:
        it = Conversation(Settings(letters_per_connection=2))
        it.talk.carry(1)
        it.begin()
        it.talk.body([BODY])
        it.offer("eve@example.test")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """One connection, and that a scout."""
    monkeypatch.setattr("mailer.mail.wire.quota.CROWD", 1)
    return Limits(start=1, connections=1, letters=1_000, sweep_s=0.05)


class TestServers:
    """The wire and a real server."""

    def test_of_all_connections_at_a_time_one_is_a_scout(self, wire_to: WireMaker) -> None:
        bag = Bag(people(5_000))
        with SmtpServer() as server:
            wire = wire_to(server, limits=Limits(start=20, connections=20, sweep_s=0.05), letters_per_connection=10)
            while bag.ends.total() < bag.total:
                wire.turn(bag, 0.1)
                assert sum(line.dialogue.is_scout for line in wire._lines) <= 1
            assert wire.letters_per_connection > 10

    def test_one_connection_carries_a_thousand_letters(self, wire_to: WireMaker, alone: Limits) -> None:
        bag = Bag(people(2_000))
        with SmtpServer() as server:
            wire = wire_to(server, limits=alone)
            settle(wire, bag)
            assert wire.letters_per_connection == 1_000
            assert server.connections == 2

    @pytest.mark.fault
    @pytest.mark.parametrize("pipelining", [True, False])
    def test_a_limit_above_the_first_costs_no_reply(self, wire_to: WireMaker, pipelining: bool) -> None:
        bag = Bag(people(1_500))
        with SmtpServer(close_after=70, pipelining=pipelining) as server:
            limits = Limits(start=CROWD, connections=CROWD, sweep_s=0.05)
            wire = wire_to(server, limits=limits, letters_per_connection=20)
            settle(wire, bag)
            assert len(server.letters) == 1_500
            assert wire.letters_per_connection == 70
        assert bag.unknown == {}
        assert sorted(bag.accepted) == sorted(people(1_500))
        assert len(bag.came_back) <= 5

    @pytest.mark.fault
    @pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
    @pytest.mark.parametrize("code", [421, 452])
    def test_a_server_that_has_had_enough_is_understood(
        self, wire_to: WireMaker, alone: Limits, step: str, code: int
    ) -> None:
        bag = Bag(people(300))
        with SmtpServer() as server:
            server.add(step, code=code, text="too many letters", skip=150, times=1)
            wire = wire_to(server, limits=alone, letters_per_connection=20)
            settle(wire, bag)
            assert len(server.faults) == 1
            assert server.connections == 2
        assert sorted(bag.accepted) == sorted(people(300))
        assert len(bag.came_back) == 1
        assert bag.troubles == []
