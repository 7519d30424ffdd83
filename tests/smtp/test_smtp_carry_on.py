"""The usual step by itself, a letter taken, its successor's body and a further envelope out, is the long way in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.mail.smtp.events import Answered, Envelope, Returned, Step, Terms, Unfit
from mailer.mail.smtp.replies import readable
from mailer.mail.smtp.settings import Settings
from tests.smtp.conversation import BODY, COMMANDS, GROUP, Conversation

pytestmark = pytest.mark.usefixtures("cut")
TAKEN = b"250 kept\r\n" + GROUP
LINES = [b"250 ok", b"250-a\r\n250 b", b"354 go", b"421 bye", b"450 later", b"550 no", b"junk"]
said_next = st.lists(st.sampled_from([*LINES, b"250 ok", b"250 ok", b"354 go"]), max_size=12)
bodies = st.sampled_from([BODY, b".dot first\r\n", b"no line end", b"a\r\n.b\r\n", b""])


def under_way(settings: Settings | None = None) -> Conversation:
    """One letter's body is out, and the envelope of the next."""
    it = Conversation(settings)
    it.begin()
    it.talk.body([BODY])
    it.offer("next@example.test")
    it.written()
    return it


def further() -> Envelope:
    return Envelope(Terms("us@example.test"), "further@example.test")


def carried_on(it: Conversation, body: bytes) -> bytes:
    answer = it.talk.taken(TAKEN)
    assert answer is not None
    assert it.talk.begun < it.talk.look_ahead
    envelope, code, reply = answer
    it.events.append(Answered(envelope, Step.DOT, code, readable(reply[4:])))
    data = it.talk.carry_on([body], further())
    assert isinstance(data, bytes)
    return data


def the_long_way(it: Conversation, body: bytes) -> bytes:
    assert it.say(TAKEN) == b""
    it.talk.body([body])
    assert it.talk.wants_envelope
    assert it.talk.offer(further()) is None
    return it.written()


@given(bodies, said_next)
def test_it_writes_and_means_the_same(body: bytes, said: list[bytes]) -> None:
    short, long = under_way(), under_way()
    assert carried_on(short, body) == the_long_way(long, body)
    for line in said:
        if short.talk.over:
            break
        assert short.say(line + b"\r\n") == long.say(line + b"\r\n")
        assert short.talk.wants_body == long.talk.wants_body
        assert short.talk.wants_envelope == long.talk.wants_envelope
        assert short.talk.awaiting == long.talk.awaiting
        if short.talk.wants_body:
            assert short.give_body() == long.give_body()
    short.lose()
    long.lose()
    assert told(short) == told(long)


def told(it: Conversation) -> list[tuple[object, ...]]:
    """The events with names in the place of envelopes."""
    facts = []
    for event in it.news():
        values = [one.recipient if isinstance(one, Envelope) else one for one in event]
        facts.append((type(event), *values))
    return facts


def test_a_letter_half_written_when_the_line_dies_was_certainly_not_sent() -> None:
    it = under_way()
    answer = it.talk.taken(TAKEN)
    assert answer is not None
    data = it.talk.carry_on([BODY], further())
    assert isinstance(data, bytes)
    it.talk.unsent += len(data) - len(BODY) - 2  # all but the line end behind the dot
    it.lose()
    assert told(it) == [(Returned, "next@example.test", False), (Returned, "further@example.test", True)]


def test_a_letter_that_cannot_be_sent_here_changes_nothing() -> None:
    it = under_way()
    assert it.talk.taken(TAKEN) is not None
    assert it.talk.carry_on([BODY], Envelope(Terms("us@example.test", 20_000), "c@example.test")) is Unfit.TOO_LARGE
    it.talk.conclude()
    assert it.talk.wants_body
    assert it.give_body() == BODY + b".\r\n"
    it.offer("further@example.test")
    assert it.written() == COMMANDS % b"further@example.test"
    it.say(TAKEN)
    assert [(type(one), one.step) for one in it.news() if isinstance(one, Answered)] == [(Answered, Step.DOT)]


def test_the_last_letters_of_a_line_carry_nobody_behind_them() -> None:
    it = under_way(Settings(letters_per_connection=3))
    assert it.talk.taken(TAKEN) is not None
    assert it.talk.begun < it.talk.look_ahead
    assert isinstance(it.talk.carry_on([BODY], further()), bytes)
    assert it.talk.taken(TAKEN) is not None
    assert it.talk.begun >= it.talk.look_ahead
