"""How many connections: grown while it helps, learned from what the server does."""

import pytest

from mailer.mail.wire.pool import EARLY_S, HOLD_S, WEIGHTY, WINDOW_S, Pool


def after(pool: Pool, rates: list[float], *, from_s: float = 0.0) -> list[int]:
    """The size after each second at these rates (answers per second for each connection)."""
    now_s, answers, sizes = from_s, 0, []
    pool.review(now_s, answers=0, ready=0, waiting=False)
    for rate in rates:
        now_s += 1
        answers += int(rate * pool.size)
        pool.review(now_s, answers=answers, ready=pool.size, waiting=True)
        sizes.append(pool.size)
    return sizes


def test_it_grows_while_replies_do_not_slow_down() -> None:
    assert after(Pool(5, 50), [10, 10, 10, 10, 10]) == [10, 20, 40, 50, 50]


def test_it_stops_growing_where_more_connections_bring_no_more_answers() -> None:
    assert after(Pool(5, 50), [10, 10, 5, 5, 5]) == [10, 20, 20, 20, 20]


@pytest.mark.parametrize(("passed_s", "answers", "size"), [(2, 200, 20), (1, 110, 20), (1, 120, 40)])
def test_answers_a_second_are_compared_and_a_tenth_more_is_too_little(passed_s: int, answers: int, size: int) -> None:
    pool = Pool(5, 50)
    assert after(pool, [10, 10]) == [10, 20]  # 100 a second with ten
    pool.review(2 + passed_s, answers=150 + answers, ready=20, waiting=True)
    assert pool.size == size


def test_a_moment_is_too_short_to_judge_by() -> None:
    pool = Pool(5, 50)
    assert after(pool, [10, 10]) == [10, 20]
    pool.review(2 + WINDOW_S / 2, answers=1_000, ready=20, waiting=True)
    assert pool.size == 20


def test_the_first_two_doublings_measure_nothing_and_need_only_a_moment() -> None:
    pool = Pool(5, 50)
    pool.review(0.0, answers=0, ready=5, waiting=False)
    for at_s, answers, size in [(0.5, 9, 5), (1.0, 10, 10), (1.5, 29, 10), (2.0, 30, 20), (3.0, 100, 20)]:
        assert pool.is_early == (pool.size < 20)
        pool.review(at_s * EARLY_S, answers=answers, ready=pool.size, waiting=True)
        assert pool.size == size


def test_after_a_complaint_no_moment_is_enough() -> None:
    pool = Pool(5, 50)
    pool.shrink(0, 2)
    assert not pool.is_early


def test_after_a_complaint_what_more_connections_brought_is_forgotten() -> None:
    pool = Pool(5, 50)
    assert after(pool, [10, 10]) == [10, 20]
    pool.shrink(2, 2)
    assert after(pool, [10], from_s=2 + HOLD_S) == [4]


def test_the_first_two_doublings_are_tried_without_asking() -> None:
    assert after(Pool(5, 50), [10, 5, 2.5, 2.5]) == [10, 20, 20, 20]


def test_after_a_complaint_the_second_doubling_must_have_been_worth_while() -> None:
    pool = Pool(5, 50)
    pool.shrink(0, 2)
    assert after(pool, [10, 5, 5, 5], from_s=HOLD_S) == [4, 4, 4, 4]


def test_a_moment_without_work_does_not_begin_the_measure_anew() -> None:
    pool = Pool(5, 50)
    pool.review(1.0, answers=0, ready=0, waiting=True)
    for at_s, answers, waiting in [(1.1, 50, False), (1.15, 80, True), (1.25, 120, True)]:
        pool.review(at_s, answers=answers, ready=5, waiting=waiting)
    assert pool.size == 10


def test_after_a_while_it_tries_again() -> None:
    assert after(Pool(5, 100), [10, 10, 5, *[5] * int(HOLD_S)])[-1] == 40


def test_a_few_answers_prove_nothing() -> None:
    assert after(Pool(5, 50), [1]) == [5]


@pytest.mark.parametrize(("ready", "waiting"), [(3, True), (5, False)])
def test_it_does_not_grow_without_need(ready: int, waiting: bool) -> None:
    pool = Pool(5, 50)
    for second in range(10):
        pool.review(second, answers=second * 1000, ready=ready, waiting=waiting)
    assert pool.size == 5


def test_it_shrinks_when_told_and_waits_before_it_grows() -> None:
    pool = Pool(5, 50)
    pool.shrink(0, 2)
    assert after(pool, [10] * 5) == [2] * 5
    pool.shrink(0, 0)
    assert pool.size == 1
    pool.restart()
    assert pool.size == 5


@pytest.mark.parametrize(("start", "limit", "size"), [(5, 2, 2), (0, 0, 1), (10, 50, 10)])
def test_the_start_keeps_to_the_limit(start: int, limit: int, size: int) -> None:
    assert Pool(start, limit).size == size


@pytest.mark.parametrize(("deferred", "size"), [(50, 20), (51, 10), (100, 10)])
def test_it_shrinks_where_most_answers_say_later(deferred: int, size: int) -> None:
    pool = Pool(20, 50)
    pool.weigh(1, answers=WEIGHTY - 1, deferred=WEIGHTY - 1)
    assert pool.size == 20
    pool.weigh(2, answers=100, deferred=deferred)
    assert pool.size == size


def test_later_said_to_those_who_were_out_already_does_not_count_twice() -> None:
    pool = Pool(20, 50)
    for second in range(int(HOLD_S)):
        pool.weigh(second, answers=100 * (second + 1), deferred=100 * (second + 1))
    assert pool.size == 10
    pool.weigh(HOLD_S + 1, answers=2_000, deferred=2_000)
    assert pool.size == 5
