"""What a server's reply means, whom it speaks of, and when to try again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rules.outcome import (
    FINALS,
    Fault,
    Outcome,
    Step,
    fault_of,
    is_dead_address,
    meaning,
    retry_delay,
    trouble_delay,
)

OF_THE_SERVER = ["connect", "banner", "ehlo", "starttls", "auth", "mail"]
OF_THE_RECIPIENT = ["rcpt", "data", "dot"]


@pytest.mark.parametrize("step", OF_THE_SERVER)
@pytest.mark.parametrize("code", [0, 220, 421, 451, 454, 530, 535, 550, 554])
def test_trouble_before_the_recipient_uses_nobody_up(step: str, code: int) -> None:
    assert fault_of(Step(step)) is Fault.SERVER
    assert meaning(Step(step), code) is Fault.SERVER


@pytest.mark.parametrize(
    ("step", "code", "expected"),
    [
        *((step, code, "deferred") for step in OF_THE_RECIPIENT for code in (400, 421, 450, 451, 452, 499)),
        *((step, code, "refused") for step in OF_THE_RECIPIENT for code in (500, 550, 551, 553, 554, 599)),
        pytest.param("rcpt", 552, "deferred", id="552 at RCPT: too many at once, not too full"),
        pytest.param("data", 552, "refused", id="552 at DATA"),
        pytest.param("dot", 552, "refused", id="552 at the dot: too full"),
        pytest.param("dot", 250, "accepted", id="250 at the dot"),
        pytest.param("dot", 200, "accepted", id="any 2xx at the dot"),
        pytest.param("dot", 299, "accepted", id="the last 2xx at the dot"),
    ],
)
def test_a_reply_means(step: str, code: int, expected: str) -> None:
    assert fault_of(Step(step)) is Fault.RECIPIENT
    assert meaning(Step(step), code) == expected


@pytest.mark.parametrize("code", [-1, 0, 99, 100, 199, 300, 354, 399, 600, 999])
def test_a_reply_out_of_place_is_never_success(code: int) -> None:
    assert meaning(Step.RCPT, code) is Outcome.DEFERRED
    assert meaning(Step.DATA, code) is Outcome.DEFERRED
    assert meaning(Step.DOT, code) is Outcome.UNANSWERED


@given(st.sampled_from(Step), st.integers())
def test_only_the_final_dot_accepts(step: Step, code: int) -> None:
    accepted = meaning(step, code) is Outcome.ACCEPTED

    assert accepted == (step is Step.DOT and 200 <= code <= 299)


def test_everybody_ends_as_one_of_four() -> None:
    assert {"accepted", "refused", "unanswered", "skipped"} == FINALS


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param(550, "5.1.1 <a@example.org>: Recipient address rejected: User unknown", id="no such mailbox"),
        pytest.param(550, "5.1.1 The email account does not exist.\n5.1.1 Please check", id="over two lines"),
        pytest.param(550, "  5.1.2 Host unknown", id="no such host"),
        pytest.param(553, "5.1.3 Bad syntax", id="no such syntax"),
        pytest.param(551, "5.1.6 Moved", id="moved away"),
        pytest.param(556, "5.1.10 Null MX", id="a domain that takes no mail"),
        pytest.param(556, "Domain does not accept mail", id="556 needs no more words"),
        pytest.param(550, "5.1.1", id="nothing but the code"),
        pytest.param(500, "5.1.1 User unknown", id="the first 5xx"),
        pytest.param(599, "5.1.1 User unknown", id="the last 5xx"),
    ],
)
def test_nobody_lives_there(code: int, text: str) -> None:
    assert is_dead_address(code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param(550, "No such user here", id="words are no proof"),
        pytest.param(550, "", id="silence is no proof"),
        pytest.param(450, "4.1.1 Try later", id="for now"),
        pytest.param(450, "5.1.1 Contradicts itself", id="temporary says the code"),
        pytest.param(550, "4.1.1 Contradicts itself", id="temporary says the text"),
        pytest.param(250, "2.1.5 Fine", id="not a refusal at all"),
        pytest.param(600, "5.1.1 Out of place", id="no code of SMTP"),
        pytest.param(552, "5.2.2 Mailbox full", id="a full mailbox"),
        pytest.param(552, "5.1.1 Contradicts itself", id="full says the code"),
        pytest.param(550, "5.2.1 Mailbox disabled", id="perhaps for a while"),
        pytest.param(550, "5.7.1 Spam: see 5.1.1", id="policy"),
        pytest.param(554, "5.7.1 Relay access denied", id="our own account"),
        pytest.param(556, "5.7.27 Sender domain has null MX", id="the sender's domain"),
        pytest.param(550, "5.1.0 Address rejected", id="too vague"),
        pytest.param(550, "5.1.8 Bad sender's system address", id="the sender's address"),
        pytest.param(550, "5.1.11 Nobody knows", id="no code of ours"),
        pytest.param(550, "5.1.1.1 is an address of a host", id="not an enhanced code"),
        pytest.param(550, "15.1.1 is not one either", id="more digits"),
    ],
)
def test_it_may_yet_be_alive(code: int, text: str) -> None:
    assert not is_dead_address(code, text)


def minutes(pauses: list[timedelta]) -> list[float]:
    return [pause.total_seconds() / 60 for pause in pauses]


def test_pauses_between_tries_grow_to_an_hour() -> None:
    assert minutes([retry_delay(n, 0) for n in range(1, 8)]) == [5, 10, 20, 40, 60, 60, 60]
    assert minutes([retry_delay(n, 1) for n in range(1, 8)]) == [7.5, 15, 30, 60, 90, 90, 90]


def test_pauses_for_a_broken_server_grow_from_seconds_to_a_quarter_of_an_hour() -> None:
    assert [trouble_delay(n, 0).total_seconds() for n in range(1, 9)] == [10, 20, 40, 80, 160, 320, 600, 600]
    assert trouble_delay(1_000_000, 1) == timedelta(minutes=15)


@given(st.integers(), st.floats(allow_nan=False))
def test_no_pause_is_out_of_bounds(number: int, spread: float) -> None:
    assert timedelta(minutes=5) <= retry_delay(number, spread) <= timedelta(minutes=90)
    assert timedelta(seconds=10) <= trouble_delay(number, spread) <= timedelta(minutes=15)
