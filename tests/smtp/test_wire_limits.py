"""How long the wire waits and how wide it grows where nobody says otherwise: a change here is a decision."""

import pytest

from mailer.mail.smtp.events import RETURNS_LIMIT, Step
from mailer.mail.smtp.settings import Settings
from mailer.mail.wire import Limits

MINUTE_S = 60
PATIENCE_S = {
    Step.CONNECT: 30,
    Step.BANNER: 30,
    Step.EHLO: 30,
    Step.STARTTLS: 30,
    Step.AUTH: 30,
    Step.MAIL: 5 * MINUTE_S,
    Step.RCPT: 5 * MINUTE_S,
    Step.DATA: 2 * MINUTE_S,
    Step.DOT: 10 * MINUTE_S,
    Step.RSET: MINUTE_S,
    Step.VOID: MINUTE_S,
    Step.QUIT: 5,
    None: 5,
}
# RFC 5321 §4.5.3.2: no client should wait for less
LEAST_S = {Step.MAIL: 5 * MINUTE_S, Step.RCPT: 5 * MINUTE_S, Step.DATA: 2 * MINUTE_S, Step.DOT: 10 * MINUTE_S}


@pytest.mark.parametrize("step", PATIENCE_S)
def test_a_server_may_be_silent_for_so_long(step: Step | None) -> None:
    assert Limits().patience_s(step, writing=False) == PATIENCE_S[step]


@pytest.mark.parametrize("step", PATIENCE_S)
def test_while_a_body_is_written_three_minutes_may_pass_between_two_reads(step: Step | None) -> None:
    assert Limits().patience_s(step, writing=True) == 3 * MINUTE_S


def test_every_step_has_its_limit_and_a_letter_no_less_than_the_standard_asks() -> None:
    assert set(PATIENCE_S) == {*Step, None}
    assert all(PATIENCE_S[step] >= least_s for step, least_s in LEAST_S.items())


def test_so_many_connections_and_letters_on_each() -> None:
    limits = Limits()
    assert (limits.start, limits.connections) == (10, 50)
    assert (Settings().letters_per_connection, limits.letters) == (100, 5_000)
    assert RETURNS_LIMIT == 3


def test_a_name_may_take_ten_seconds_and_the_clock_is_looked_at_each_second() -> None:
    limits = Limits()
    assert (limits.resolve_s, limits.sweep_s) == (10, 1)
