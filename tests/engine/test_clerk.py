"""Who does a job, and in which order what it brought is delivered."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailer.dispatch.loop.clerk import Clerk

LONG_S = 10.0


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    made = Clerk("clerk", lambda: None)
    yield made
    made.close()


class Diary:
    """What was delivered, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def __call__(self, news: Any) -> None:
        self.told.append(news)


def who() -> str:
    return threading.current_thread().name


def unwanted(error: Any) -> None:
    raise AssertionError(error)


def held(until: threading.Event) -> Callable[[], str]:
    """A job that does not end before it may."""

    def job() -> str:
        assert until.wait(LONG_S)
        return who()

    return job


def deliver_all(clerk: Clerk, diary: Diary, count: int) -> None:
    while len(diary.told) < count:
        clerk.wait(LONG_S)
        clerk.deliver()


def test_a_job_is_done_by_the_thread_and_delivered_by_ours(clerk: Clerk) -> None:
    diary = Diary()
    clerk.submit(who, diary, unwanted)
    assert diary.told == []
    deliver_all(clerk, diary, 1)
    assert diary.told == ["clerk"]


def test_a_job_is_done_here_while_the_thread_has_nothing_to_do(clerk: Clerk) -> None:
    diary = Diary()
    clerk.do_here(who, diary, unwanted)
    assert diary.told == [who()]


def test_a_job_waits_for_the_one_before_it(clerk: Clerk) -> None:
    diary, until = Diary(), threading.Event()
    clerk.submit(held(until), diary, unwanted)
    clerk.do_here(lambda: f"after it: {who()}", diary, unwanted)
    assert diary.told == []
    until.set()
    deliver_all(clerk, diary, 2)
    assert diary.told == ["clerk", "after it: clerk"]


def test_what_is_waiting_is_delivered_before_a_job_is_done_here(clerk: Clerk) -> None:
    diary = Diary()
    clerk.submit(lambda: "first", diary, unwanted)
    clerk.wait(LONG_S)
    while len(diary.told) < 2:  # the thread may not have put its pen down
        clerk.do_here(lambda: len(diary.told), diary, unwanted)
        clerk.deliver()
    assert diary.told[:2] == ["first", 1]


def test_a_job_that_fails_says_so_wherever_it_is_done(clerk: Clerk) -> None:
    def fail() -> None:
        raise OSError("no disk")

    failures = Diary()
    clerk.do_here(fail, unwanted, failures)
    clerk.submit(fail, unwanted, failures)
    deliver_all(clerk, failures, 2)
    assert [str(error) for error in failures.told] == ["no disk", "no disk"]
    diary = Diary()
    clerk.submit(who, diary, unwanted)
    deliver_all(clerk, diary, 1)
    assert diary.told == ["clerk"]  # and goes on
