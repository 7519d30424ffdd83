"""What becomes of results: rows, counters, retries; and what becomes of results that come twice or too late."""

import logging

import pytest
from sqlalchemy import delete, update

from mailer.dispatch.ledger.types import Settlement
from mailer.models import Attempt, Claim, Retry
from mailer.rules.outcome import Outcome
from tests.ledger.play import ACCEPT, AT, DEFER, REFUSE, Play, fate, settled

pytestmark = pytest.mark.both_databases


def test_a_window_and_its_results_become_rows_and_counters(play: Play) -> None:
    play.open(3)
    window = play.take()
    play.settle(settled(window))
    assert play.said() == [(1, "accepted", None)] * 3
    row = play.log()[0]
    assert (row.started_at, row.took_ms, row.reply_code, row.reply_text) == (AT, 7, 250, "accepted it is")
    assert play.counters() == {"total": 3, "accepted": 3}
    assert play.days() == {"accepted": 3}
    assert play.claims() == 0


def test_the_claim_is_there_before_anybody_speaks(play: Play) -> None:
    ids = play.open(3)
    window = play.take()
    assert [one.client_id for one in window.recipients] == ids
    assert {one.number for one in window.recipients} == {1}
    assert window.recipients[0].name == "Клиент 0"
    assert play.claims() == 1
    assert play.counters() == {"total": 3}


def test_settling_the_same_claim_twice_changes_nothing(play: Play) -> None:
    play.open(3)
    settlement = settled(play.take())
    play.settle(settlement)
    again = play.settle(settlement)
    assert again.lost_claims == (settlement.claim_id,)
    assert play.counters() == {"total": 3, "accepted": 3}
    assert len(play.log()) == 3


def test_another_workers_claim_cannot_be_settled(play: Play) -> None:
    play.open(3)
    settlement = settled(play.take(worker="w1"))
    assert play.settle(settlement, worker="w2").lost_claims == (settlement.claim_id,)
    assert play.said() == []
    assert play.claims() == 1


def test_a_deferred_one_is_tried_again_under_the_next_number(play: Play) -> None:
    play.open(1)
    first = play.turn(settled(play.take(), DEFER))
    assert first.window is not None
    assert [(one.number, one.name) for one in first.window.recipients] == [(2, "Клиент 0")]
    assert play.counters() == {"total": 1}
    play.settle(settled(first.window))
    assert play.said() == [(1, "deferred", None), (2, "accepted", None)]
    assert play.counters() == {"total": 1, "accepted": 1}
    assert play.days() == {"deferred": 1, "accepted": 1}


def test_a_deferred_one_waits_until_it_is_due(play: Play) -> None:
    play.open(1)
    due_at = play.in_a_moment()
    turn = play.turn(settled(play.take(), fate(Outcome.DEFERRED, retry_at=due_at)))
    assert turn.window is None
    assert turn.is_dry
    assert turn.next_retry_at == due_at
    assert play.counters() == {"total": 1, "deferred": 1}
    assert play.ledger.open_runs(10) == []


def test_who_is_due_does_not_wait_for_who_is_due_later(play: Play) -> None:
    play.open(2)
    early, late = play.take(size=1), play.take(size=1)
    play.settle(settled(early, DEFER))
    turn = play.turn(settled(late, fate(Outcome.DEFERRED, retry_at=play.in_a_moment())))
    assert turn.window is not None
    assert [one.client_id for one in turn.window.recipients] == [early.recipients[0].client_id]


def test_a_deferred_one_without_another_try_is_given_up_with_the_last_words(play: Play) -> None:
    play.open(1)
    play.settle(settled(play.take(), fate(Outcome.DEFERRED)))
    assert play.said() == [(1, "deferred", None), (2, "skipped", "gave_up")]
    assert (play.log()[1].reply_code, play.log()[1].reply_text) == (451, "deferred it is")
    assert play.counters() == {"total": 1, "skipped": 1}


def test_who_was_not_begun_comes_back_with_the_same_number(play: Play) -> None:
    play.open(3)
    window = play.take()
    others = tuple(window.recipients)[1:]
    turn = play.turn(settled(window, back=others))
    assert turn.window is not None
    assert [(one.client_id, one.number) for one in turn.window.recipients] == [(one.client_id, 1) for one in others]
    assert play.counters() == {"total": 3, "accepted": 1}


def test_a_part_is_settled_while_the_claim_stays(play: Play) -> None:
    play.open(3)
    window = play.take()
    first, *rest = window.recipients
    part = Settlement(window.claim_id, window.run_id, (ACCEPT(first),), is_over=False)
    play.settle(part)
    assert play.claims() == 1
    play.settle(Settlement(window.claim_id, window.run_id, tuple(ACCEPT(one) for one in rest)))
    assert play.claims() == 0
    assert play.counters() == {"total": 3, "accepted": 3}


def test_a_part_settled_twice_neither_counts_nor_sends_anybody_twice(play: Play) -> None:
    play.open(3)
    window = play.take()
    first, second, _third = window.recipients
    part = Settlement(window.claim_id, window.run_id, (DEFER(first),), back=(second,), is_over=False)
    play.settle(part)
    taken = play.take()  # what was put back is in hand again already
    assert len(taken.recipients) == 2
    play.settle(part)  # as after a COMMIT whose answer was lost
    assert play.retries() == []
    assert play.said() == [(1, "deferred", None)]
    assert play.days() == {"deferred": 1}


def test_late_truth_takes_the_place_of_unanswered(play: Play) -> None:
    play.open(2)
    window = play.take()
    silent = settled(window, fate(Outcome.UNANSWERED, is_rebuilt=True))
    play.settle(silent)
    late = play.settle(settled(window, REFUSE))
    assert late.lost_claims == (window.claim_id,)
    assert play.said() == [(1, "refused", None)] * 2
    assert not play.log()[0].is_rebuilt
    assert play.counters() == {"total": 2, "refused": 2}
    assert +play.days() == {"refused": 2}


def test_late_truth_about_one_sent_again_counts_for_nothing(play: Play) -> None:
    play.open(1)
    window = play.take()
    play.settle(settled(window, fate(Outcome.UNANSWERED)))
    play.session.execute(update(Attempt).values(resent_at=AT))
    play.session.commit()
    play.set(play.run(), unanswered=0)
    play.settle(settled(window, ACCEPT))
    assert play.said() == [(1, "accepted", None)]
    assert play.counters() == {"total": 1}


def test_late_truth_that_it_was_deferred_sends_nothing_again(play: Play) -> None:
    play.open(1)
    window = play.take()
    play.settle(settled(window, fate(Outcome.UNANSWERED)))
    play.settle(settled(window, DEFER))
    assert play.said() == [(1, "unanswered", None)]
    assert play.retries() == []


def test_a_taken_key_is_cried_about_and_the_rest_is_written(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play.open(3)
    window = play.take()
    twin = window.recipients[1]
    play.session.add(
        Attempt(
            run_id=window.run_id, client_id=twin.client_id, number=1, address="x@example.org",
            started_at=AT.replace(year=2025), took_ms=1, outcome=Outcome.REFUSED, reply_text="another pen",
        )
    )  # fmt: skip
    play.session.commit()
    with caplog.at_level(logging.ERROR):
        play.settle(settled(window))
    assert "ALARM" in caplog.text
    assert f"client {twin.client_id} attempt 1 is refused in the log" in caplog.text
    assert play.said() == [(1, "accepted", None), (1, "refused", None), (1, "accepted", None)]
    assert play.counters() == {"total": 3, "accepted": 2}
    assert play.claims() == 0


def test_a_retry_that_is_there_already_is_cried_about(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play.open(1)
    window = play.take()
    one = window.recipients[0]
    play.session.add(
        Retry(run_id=window.run_id, client_id=one.client_id, number=9, address=one.address, due_at=play.in_a_moment())
    )
    play.session.commit()
    play.settle(settled(window, back=[one]))
    assert "waits for another try already" in caplog.text
    assert play.retries() == [(one.client_id, 9)]


def test_who_has_a_row_already_is_not_claimed_again(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    ids = play.open(2)
    play.settle(settled(play.take(), fate(Outcome.SKIPPED)))
    play.set(play.run(), cursor=0, is_exhausted=False, drain_reason="stopped")  # somebody edited by hand
    turn = play.turn()
    assert turn.is_dry
    assert "was to be claimed again" in caplog.text
    assert [row.client_id for row in play.log()] == ids
    assert play.counters() == {"total": 2, "skipped": 2}


def test_hostile_words_are_kept_as_they_can_be(play: Play) -> None:
    play.open(2)
    words = "a\x1fb \\ \"{NULL}\" ' % %s €\n\0 None"
    play.settle(settled(play.take(), fate(reply_text=words)))
    assert play.log()[0].reply_text.replace("\ufffd", "?").endswith(" None")
    assert "\\ \"{NULL}\" ' % %s €\n" in play.log()[1].reply_text


def test_an_empty_answer_is_an_empty_text(play: Play) -> None:
    play.open(1)
    play.settle(settled(play.take(), fate(reply_text="", reply_code=None)))
    assert (play.log()[0].reply_text, play.log()[0].reply_code) == ("", None)


def test_a_claim_that_is_gone_takes_nothing_with_it(play: Play) -> None:
    play.open(2)
    window = play.take()
    play.session.execute(delete(Claim))
    play.session.commit()
    turn = play.settle(settled(window))
    assert turn.lost_claims == (window.claim_id,)
    assert play.said() == []


def test_midnight_divides_the_days(play: Play) -> None:
    play.owner.time_zone = "Europe/Moscow"
    play.open(2)
    window = play.take()
    before, after = AT.replace(hour=20, minute=59), AT.replace(hour=21, minute=1)
    finished = tuple(
        fate(started_at=at)(one) for one, at in zip(window.recipients, (before, after), strict=True)
    )
    play.settle(Settlement(window.claim_id, window.run_id, finished))
    assert play.days() == {"accepted": 2}
    found = play.session.connection().exec_driver_sql("SELECT counted_on, n FROM daily_total ORDER BY 1").all()
    assert [(str(day), n) for day, n in found] == [("2026-03-02", 1), ("2026-03-03", 1)]
