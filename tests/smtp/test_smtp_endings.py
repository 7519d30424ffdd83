"""How a connection ends, and what becomes of the letters that it had in hand."""

import pytest

from mailer.mail.smtp.events import Answered, Envelope, Returned, Step, Trouble, Unanswered
from mailer.mail.smtp.settings import Settings
from tests.smtp.conversation import BODY, GROUP, Conversation

pytestmark = pytest.mark.usefixtures("cut")


class TestTheEndOfAConnection:
    """Whatever ends it, each letter's fate follows from how far it had come."""

    def in_full_flight(self) -> tuple[Conversation, Envelope, Envelope]:
        it = Conversation()
        bob = it.begin()
        it.talk.body([BODY])
        return it, bob, it.offer("eve@example.test")

    def test_lost_after_the_body_nobody_knows(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.written()
        it.lose("reset")
        assert it.news() == [Unanswered(bob, "reset"), Returned(eve, untouched=True)]
        assert (bob.returns, eve.returns) == (0, 1)

    def test_lost_within_the_body_it_is_certainly_not_sent(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.stuck = True
        it.written()
        it.talk.unsent -= len(BODY) + 2
        it.lose("reset")
        assert it.news() == [Returned(bob, untouched=False), Returned(eve, untouched=True)]
        assert bob.returns == 1

    def test_the_last_octet_of_the_dot_decides(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.stuck = True
        it.written()
        it.talk.unsent -= len(BODY) + 3
        it.lose("reset")
        assert it.news() == [Unanswered(bob, "reset"), Returned(eve, untouched=True)]

    def test_lost_between_354_and_the_body_it_is_untouched(self) -> None:
        it = Conversation()
        bob = it.begin()
        it.lose()
        assert it.news() == [Returned(bob, untouched=True)]

    def test_421_to_the_dot_is_an_answer(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.written()
        it.say(b"421 shutting down\r\n")
        assert it.news() == [Answered(bob, Step.DOT, 421, "shutting down"), Returned(eve, untouched=True)]
        assert it.talk.over

    @pytest.mark.parametrize("before", [b"", b"250 ok\r\n", b"250 ok\r\n250 ok\r\n"])
    def test_421_to_an_envelope_returns_it(self, before: bytes) -> None:
        it, bob, eve = self.in_full_flight()
        it.written()
        it.say(b"250 kept\r\n" + before + b"421 bye\r\n")
        assert it.news() == [Answered(bob, Step.DOT, 250, "kept"), Returned(eve, untouched=True)]
        assert eve.returns == 1
        assert it.talk.end_code == 421

    def test_421_to_the_very_first_letter_is_trouble(self) -> None:
        it = Conversation()
        bob = it.offer()
        it.written()
        it.say(b"421 too many\r\n")
        assert it.news() == [Returned(bob, untouched=True), Trouble(Step.MAIL, 421, "too many")]
        assert bob.returns == 0

    def test_421_unasked_on_an_idle_line_is_no_news(self) -> None:
        it = Conversation()
        it.say(b"421 idle for too long\r\n")
        assert it.talk.over
        assert it.news() == []

    def test_a_letter_taken_back_after_354_ends_the_line_without_a_dot(self) -> None:
        it = Conversation()
        bob = it.begin()
        assert it.talk.abandon() == [Returned(bob, untouched=True)]
        assert it.talk.over
        assert it.written() == b""
        assert bob.returns == 0

    def test_acceptance_before_the_end_is_not_believed(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.stuck = True
        it.written()
        it.say(b"250 already?\r\n")
        assert it.news() == [Returned(bob, untouched=False), Returned(eve, untouched=True)]

    def test_refusal_before_the_end_is_believed_and_ends_the_line(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.stuck = True
        it.written()
        it.say(b"552 too long\r\n")
        assert it.news() == [Answered(bob, Step.DOT, 552, "too long"), Returned(eve, untouched=True)]
        assert it.talk.over

    def test_acceptance_without_a_body_is_not_believed(self) -> None:
        it = Conversation()
        bob = it.offer()
        it.written()
        it.say(GROUP + b"250 kept\r\n")
        assert it.news() == [Returned(bob, untouched=True)]

    @pytest.mark.parametrize("said", [b"354 go\r\n", b"what?\r\n", b"250-a\r\n251 b\r\n"])
    def test_nonsense_after_the_body_leaves_it_unanswered(self, said: bytes) -> None:
        it, bob, eve = self.in_full_flight()
        it.written()
        it.say(said)
        (first, second) = it.news()
        assert isinstance(first, Unanswered)
        assert first.envelope is bob
        assert second == Returned(eve, untouched=True)

    @pytest.mark.parametrize(
        "said", [b"354 go\r\n", b"250 ok\r\n354 go\r\n", b"250 ok\r\n250 ok\r\n250 no body?\r\n", b"250 a\r\nx\r\n"]
    )
    def test_replies_out_of_place_return_the_envelope(self, said: bytes) -> None:
        it = Conversation()
        bob = it.offer()
        it.written()
        it.say(said)
        assert [event for event in it.news() if isinstance(event, Returned)] == [Returned(bob, untouched=True)]
        assert it.talk.over

    def test_a_refused_reset_ends_the_line(self) -> None:
        it = Conversation()
        it.offer()
        it.written()
        it.say(b"250 ok\r\n550 no\r\n503 no\r\n")
        it.news()
        eve = it.offer("eve@example.test")
        it.written()
        it.say(b"500 what?\r\n")
        assert it.news() == [Returned(eve, untouched=True)]


class TestTheLastLetter:
    """Connections end before the server ends them."""

    def test_quit_follows_the_reply_never_the_dot(self) -> None:
        it = Conversation(Settings(letters_per_connection=2))
        it.begin()
        it.talk.body([BODY])
        it.offer("eve@example.test")
        it.written()
        it.say(b"250 kept\r\n" + GROUP)
        assert not it.talk.wants_envelope
        assert it.give_body() == BODY + b".\r\n"
        assert it.say(b"250 kept\r\n") == b"QUIT\r\n"
        assert it.talk.leaving
        it.lose("closed without a word")
        assert len(it.news()) == 2
        assert it.talk.over

    def test_without_look_ahead_a_body_travels_alone(self) -> None:
        it = Conversation(Settings(look_ahead=False))
        it.begin()
        it.give_body()
        assert not it.talk.wants_envelope
        it.say(b"250 kept\r\n")
        it.begin("eve@example.test")

    def test_beyond_the_letters_with_look_ahead_it_goes_on_without(self) -> None:
        it = Conversation(Settings(proven_letters=1))
        it.begin()
        it.give_body()
        assert not it.talk.wants_envelope
        it.say(b"250 kept\r\n")
        assert it.talk.wants_envelope

    def test_goodbye_is_said_once(self) -> None:
        it = Conversation()
        assert it.talk.idle
        it.talk.quit()
        it.talk.quit()
        assert it.written() == b"QUIT\r\n"
        assert it.talk.awaiting is Step.QUIT


def test_a_body_that_was_not_written_before_the_end_is_not_written_behind_it() -> None:
    it = Conversation()
    bob = it.begin()
    it.talk.body([BODY])
    it.lose("the loop broke off")
    assert it.news() == [Returned(bob, untouched=False)]
    assert it.talk.outgoing() == []
