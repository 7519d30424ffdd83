"""Whose turn it is, and that a small run does not wait for the end of a big one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailer.dispatch.ledger.types import RunFacts
from mailer.dispatch.loop.rota import LEAST, Rota
from mailer.models import RunState
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN = RunFacts(1, 1, 1, "2026-01-05", "UTC", 1, NOW + timedelta(days=1), is_draining=False)
BIG, SMALL = 3000, 20


def ring(*run_ids: int) -> Rota:
    rota = Rota()
    rota.refresh(replace(RUN, run_id=run_id) for run_id in run_ids)
    return rota


def sizes(rota: Rota, room: int) -> list[tuple[int, int]]:
    """(run, recipients) of the next orders."""
    return [(order.run_id, order.size) for _run, order in rota.orders(room)]


ROUNDS: dict[str, tuple[int, int, list[list[tuple[int, int]]]]] = {
    "nobody": (0, 500, [[], []]),
    "one run has all the room each time": (1, 500, [[(1, 500)], [(1, 500)]]),
    "a few share it": (3, 1000, [[(1, 333), (2, 333), (3, 333)], [(1, 333), (2, 333), (3, 333)]]),
    "no order is smaller than is worth one": (4, 3 * LEAST, [[(1, 32), (2, 32), (3, 32)], [(4, 32), (1, 32), (2, 32)]]),
    "too little room is one run's": (3, LEAST - 1, [[(1, 31)], [(2, 31)], [(3, 31)], [(1, 31)]]),
    "the least is one recipient": (2, 0, [[(1, 1)], [(2, 1)]]),
}


@pytest.mark.parametrize(("runs", "room", "rounds"), ROUNDS.values(), ids=ROUNDS)
def test_turns_go_round_and_share_the_room(runs: int, room: int, rounds: list[list[tuple[int, int]]]) -> None:
    rota = ring(*range(1, runs + 1))
    assert [sizes(rota, room) for _round in rounds] == rounds


def test_of_many_runs_each_is_served_before_one_is_served_again() -> None:
    rota = ring(*range(100))
    served = [run_id for _round in range(10) for run_id, _size in sizes(rota, 10 * LEAST)]
    assert served == list(range(100))


def test_a_newcomer_queues_up_behind_and_who_is_gone_keeps_nobody_waiting() -> None:
    rota = ring(1, 2, 3)
    assert sizes(rota, LEAST) == [(1, 32)]
    rota.refresh(replace(RUN, run_id=run_id) for run_id in (1, 3, 4))  # in the database's order
    assert [sizes(rota, LEAST)[0][0] for _turn in range(4)] == [3, 1, 4, 3]
    rota.drop(1)
    rota.drop(1)
    assert [sizes(rota, LEAST)[0][0] for _turn in range(3)] == [4, 3, 4]


def test_what_is_newly_known_of_a_run_goes_with_its_order() -> None:
    rota = ring(1, 2)
    rota.refresh([RUN, replace(RUN, run_id=2, held_count=3)])
    assert [run.held_count for run, _order in rota.orders(1000)] == [0, 3]


@pytest.mark.both_databases
def test_small_runs_are_done_while_a_big_one_that_began_before_them_is_open(
    room: Callable[..., Room], smtp: SmtpServer, until: Callable[..., None]
) -> None:
    smtp.script.delay_s = 0.02
    big = room(clients=BIG, connections=10)
    big.engine.begin()
    smtp.wait_for(20)
    small = [room(clients=SMALL) for _ in range(3)]
    until(lambda: all(one.run().state is RunState.DONE for one in small), what="the small ones to be done")
    assert len(smtp.letters) < BIG
    assert big.run().state is RunState.OPEN
    big.engine.close()
    assert all(one.outcomes() == ["accepted"] * SMALL for one in small)
    # and the big one has gone on meanwhile
    assert big.outcomes() == ["accepted"] * (len(smtp.letters) - len(small) * SMALL)
