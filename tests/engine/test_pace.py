"""The token bucket, with time passed in; and SEND_RATE_PER_MINUTE from the setting to the mail server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest

from mailer.config import Config
from mailer.dispatch.pace import Pace
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def taken(pace: Pace) -> int:
    """How many letters may go at this moment."""
    n = 0
    while n < 10_000 and pace.take():
        n += 1
    return n


def test_no_limit_lets_everything_through() -> None:
    pace = Pace(0, Clock())
    assert taken(pace) == 10_000
    assert pace.wait_s() == 0.0


def test_a_minute_brings_no_more_than_its_rate_and_one_second_of_burst() -> None:
    clock = Clock()
    pace = Pace(600, clock)
    sent = taken(pace)
    for _ in range(600):
        clock.now_s += 0.1
        sent += taken(pace)
    assert 600 <= sent <= 610


def test_a_slow_pace_says_how_long_to_wait() -> None:
    clock = Clock()
    pace = Pace(6, clock)
    assert taken(pace) == 1
    assert pace.wait_s() == 10.0
    clock.now_s += 10
    assert pace.take()


def test_a_token_given_back_is_there_for_the_next_letter() -> None:
    pace = Pace(120, Clock())
    assert pace.take(5) == 2
    pace.give_back()
    assert pace.take(5) == 1


def test_the_wait_grows_shorter_as_time_passes() -> None:
    clock = Clock()
    pace = Pace(6, clock)
    assert pace.take()
    clock.now_s += 4
    assert pace.wait_s() == pytest.approx(6.0)
    clock.now_s += 7
    assert pace.wait_s() == 0.0


def test_an_idle_hour_saves_up_one_second_only() -> None:
    clock = Clock()
    pace = Pace(600, clock)
    clock.now_s += 3600
    assert taken(pace) == 10


def test_how_many_may_go_soon_is_known_beforehand() -> None:
    clock = Clock()
    assert Pace(0, clock).within(2) == inf
    pace = Pace(30, clock)
    assert pace.within(2) == 2.0  # one now, and one in two seconds
    assert pace.take() == 1
    assert pace.within(2) == 1.0


def test_the_mail_server_gets_no_more_letters_than_the_setting_allows(
    room: Callable[..., Room], smtp: SmtpServer
) -> None:
    here = room(clients=60)
    config: Config = here.engine.parts.config
    here.restart(config=replace(config, sending=replace(config.sending, rate_per_minute=600)))
    began_at = datetime.now(UTC)
    here.engine.begin()
    smtp.wait_for(30)
    here.engine.close()
    # ten at once, then one every tenth of a second
    came_s = [(letter.received_at - began_at).total_seconds() for letter in smtp.letters]
    assert came_s[10] >= 0.1
    assert came_s[19] >= 1.0
    assert 2.0 <= came_s[29] < 4.0
    assert here.outcomes() == ["accepted"] * len(smtp.letters)
    assert len(here.retries()) == here.run().total - len(smtp.letters)
