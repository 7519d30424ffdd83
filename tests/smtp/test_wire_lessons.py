"""What one wire has learned of a server the next one knows, for an hour."""

import pytest

from mailer.mail.wire import Lessons, Limits, Server, Wire, wire
from mailer.mail.wire.lessons import KEPT_S
from mailer.mail.wire.pool import Pool
from mailer.mail.wire.quota import Quota
from mailer.mail.wire.reports import Reports
from tests.smtp.bag import Bag, people, settle
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

SERVER, LIMITS = Server("127.0.0.1", 25), Limits()


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_what_was_learned_is_known_to_the_next_wire_within_the_hour() -> None:
    clock = Clock()
    lessons = Lessons(clock)
    lessons.begin(SERVER, LIMITS).closed_early(20, reply_lost=True)
    clock.now_s += 10 * KEPT_S  # a long day of sending
    lessons.end()
    clock.now_s += KEPT_S - 1
    assert lessons.begin(SERVER, LIMITS).letters == 20


def test_after_an_hour_without_sending_it_is_found_out_anew() -> None:
    clock = Clock()
    lessons = Lessons(clock)
    lessons.begin(SERVER, LIMITS).served(800)
    lessons.end()
    clock.now_s += KEPT_S
    assert lessons.begin(SERVER, LIMITS).letters == SERVER.settings.letters_per_connection


@pytest.mark.fault
def test_a_server_that_hangs_up_early_costs_a_reply_but_once() -> None:
    lessons, limits = Lessons(), Limits(start=1, connections=1, sweep_s=0.05)
    lost = []
    with SmtpServer(close_after=5) as server:
        for _ in range(3):
            where = Server(server.host, server.port)
            one, bag = Wire(where, limits=limits, quota=lessons.begin(where, limits)), Bag(people(12))
            settle(one, bag)
            one.close(bag, 0)
            lost.append(len(bag.unknown) + len(bag.came_back))
    assert lost[0] >= 1
    assert lost[1:] == [0, 0]


class Ready(Bag):
    """Counts how often it was told to get letters ready."""

    prepared = 0

    def prepare(self) -> bool:
        self.prepared += 1
        return False


@pytest.mark.parametrize(("rush_s", "is_told"), [(10.0, True), (0.0, False)], ids=["quick", "slow"])
def test_letters_are_made_ready_while_a_quick_server_works(
    wire_to: WireMaker, monkeypatch: pytest.MonkeyPatch, rush_s: float, is_told: bool
) -> None:
    monkeypatch.setattr(wire, "RUSH_S", rush_s)
    bag = Ready(people(2_000))
    with SmtpServer() as server:
        settle(wire_to(server, limits=Limits(start=10, connections=10, sweep_s=0.05)), bag)
    assert sorted(bag.accepted) == sorted(people(2_000))
    assert (bag.prepared > 0) is is_told


def test_letters_that_begin_within_a_thousandth_of_a_second_share_their_moment() -> None:
    reports = Reports(Pool(1, 1), Quota(1, 1), set(), 10.0)
    moments = []
    for now_s in (10.0, 10.0004, 10.0009, 10.0011, 10.002, 10.0022):
        reports.look(now_s)
        assert reports.now_s == now_s
        moments.append(reports.moment_s)
    assert moments == [10.0, 10.0, 10.0, 10.0011, 10.0011, 10.0022]
