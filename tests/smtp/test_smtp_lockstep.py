"""The same machine where PIPELINING is not offered: one command, one reply."""

import pytest

from mailer.mail.smtp.events import Answered, Envelope, Returned, Step, Trouble
from mailer.mail.smtp.settings import Settings
from tests.smtp.conversation import BODY, PLAIN_EHLO, Conversation

pytestmark = pytest.mark.usefixtures("cut")
MAIL = b"MAIL FROM:<us@example.test>\r\n"
RCPT = b"RCPT TO:<bob@example.test>\r\n"


def begin(settings: Settings | None = None) -> tuple[Conversation, Envelope]:
    it = Conversation(settings, ehlo=PLAIN_EHLO)
    bob = it.offer()
    assert it.written() == MAIL
    return it, bob


def test_each_command_waits_for_its_reply() -> None:
    it, bob = begin()
    assert it.say(b"250 ok\r\n") == RCPT
    assert it.say(b"250 ok\r\n") == b"DATA\r\n"
    assert it.say(b"354 go\r\n") == b""
    assert it.give_body() == BODY + b".\r\n"
    assert not it.talk.wants_envelope
    it.say(b"250 kept\r\n")
    assert it.news() == [Answered(bob, Step.DOT, 250, "kept")]
    assert it.talk.wants_envelope


def test_after_a_refused_recipient_data_is_not_said() -> None:
    it, bob = begin()
    it.say(b"250 ok\r\n")
    assert it.say(b"550 no\r\n") == b""
    assert it.news() == [Answered(bob, Step.RCPT, 550, "no")]
    it.offer()
    assert it.written() == b"RSET\r\n"
    assert it.say(b"250 reset\r\n") == MAIL


def test_after_a_refused_sender_goodbye_is_said() -> None:
    it, bob = begin()
    assert it.say(b"550 no\r\n") == b"QUIT\r\n"
    assert it.news() == [Returned(bob, untouched=True), Trouble(Step.MAIL, 550, "no")]


def test_a_reply_too_many_ends_the_line() -> None:
    it, bob = begin()
    it.say(b"250 ok\r\n250 and more\r\n", at_once=True)
    assert it.news() == [Returned(bob, untouched=True)]
    assert it.talk.over


def test_421_between_two_commands_returns_the_letter() -> None:
    it, bob = begin()
    it.say(b"250 ok\r\n")
    it.say(b"421 bye\r\n")
    assert it.news() == [Returned(bob, untouched=True)]
    assert bob.returns == 1


def test_the_last_letter_is_followed_by_quit() -> None:
    it, _ = begin(Settings(letters_per_connection=1))
    it.say(b"250 ok\r\n")
    it.say(b"250 ok\r\n")
    it.say(b"354 go\r\n")
    it.give_body()
    assert it.say(b"250 kept\r\n") == b"QUIT\r\n"
