"""Runs of which one has broken a transaction have their turns alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.dispatch.ledger.types import RunFacts
from mailer.dispatch.loop.rota import LEAST, Rota

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN = RunFacts(0, 1, 1, "2026-01-05", "UTC", 1, AT, is_draining=False)
ROOM = 10 * LEAST


@pytest.fixture
def rota() -> Rota:
    """Five runs."""
    made = Rota()
    made.refresh(replace(RUN, run_id=number) for number in range(1, 6))
    return made


def ordered(rota: Rota, most: int = ROOM) -> list[tuple[int, int]]:
    """Run and size of the next orders."""
    return [(order.run_id, order.size) for _run, order in rota.orders(ROOM, most=most)]


def test_a_suspect_is_ordered_alone_and_never_more_of_it_than_fits_into_a_claim(rota: Rota) -> None:
    rota.suspect([3])
    rounds = [ordered(rota, most=LEAST) for _ in range(3)]
    assert rounds == [[(1, LEAST), (2, LEAST)], [(3, LEAST)], [(4, LEAST), (5, LEAST), (1, LEAST), (2, LEAST)]]


def test_one_that_went_well_is_no_suspect_any_more(rota: Rota) -> None:
    rota.suspect(range(1, 6))
    assert [ordered(rota, most=9) for _ in range(2)] == [[(1, 9)], [(2, 9)]]
    rota.trust(range(1, 6))
    assert [run_id for run_id, _size in ordered(rota)] == [3, 4, 5, 1, 2]
