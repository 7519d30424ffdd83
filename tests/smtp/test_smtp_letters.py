"""Letter after letter on one connection that offers PIPELINING: what travels together, what each reply means."""

import pytest

from mailer.mail.smtp.events import Answered, Envelope, Returned, Step, Trouble, Unanswered, Unfit
from mailer.mail.smtp.settings import Settings
from tests.smtp.conversation import BODY, COMMANDS, GROUP, Conversation

BOB = COMMANDS % b"bob@example.test"
EVE = COMMANDS % b"eve@example.test"


def test_the_envelope_goes_out_as_one_group() -> None:
    it = Conversation()
    it.offer()
    assert it.written() == BOB
    assert not it.talk.wants_envelope


def test_a_body_travels_with_the_next_envelope() -> None:
    it = Conversation()
    bob = it.begin()
    it.talk.body(BODY)
    eve = it.offer("eve@example.test")
    assert it.written() == BODY + b".\r\n" + EVE
    it.say(b"250 2.0.0 queued as A1\r\n" + GROUP)
    assert it.news() == [Answered(bob, Step.DOT, 250, "2.0.0 queued as A1")]
    assert it.talk.wants_body
    assert it.talk.next is eve


def test_an_empty_sender_is_a_null_reverse_path() -> None:
    it = Conversation()
    assert it.talk.offer(Envelope("", "bob@example.test")) is None
    assert it.written().startswith(b"MAIL FROM:<>\r\n")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"size": 2500}, b"MAIL FROM:<us@example.test> SIZE=2500\r\n"),
        ({"size": 10_000}, b"MAIL FROM:<us@example.test> SIZE=10000\r\n"),
        ({"smtputf8": True}, b"MAIL FROM:<us@example.test> SMTPUTF8 BODY=8BITMIME\r\n"),
        ({"recipient": "боб@example.test"}, b"MAIL FROM:<us@example.test> SMTPUTF8 BODY=8BITMIME\r\n"),
    ],
)
def test_parameters_are_said_where_offered_and_needed(facts: dict[str, object], said: bytes) -> None:
    it = Conversation()
    it.offer(**facts)  # type: ignore[arg-type]
    assert it.written().startswith(said)


@pytest.mark.parametrize(
    ("envelope", "ehlo", "why"),
    [
        (Envelope("us@x.test", "bob@x.test", size=10_001), b"250-mx\r\n250 SIZE 10000\r\n", Unfit.TOO_LARGE),
        (Envelope("us@x.test", "боб@x.test"), b"250-mx\r\n250 8BITMIME\r\n", Unfit.NEEDS_SMTPUTF8),
        (Envelope("us@x.test", "a@x.test>\r\nRSET"), b"250-mx\r\n250 SMTPUTF8\r\n", Unfit.BAD_ADDRESS),
        (Envelope("us@x.test", "a@x.test> NOTIFY=NEVER"), b"250 mx\r\n", Unfit.BAD_ADDRESS),
        (Envelope("us@x.test", ""), b"250 mx\r\n", Unfit.BAD_ADDRESS),
    ],
)
def test_a_letter_that_this_server_cannot_take_is_not_tried(envelope: Envelope, ehlo: bytes, why: Unfit) -> None:
    it = Conversation(ehlo=ehlo)
    assert it.talk.offer(envelope) is why
    assert it.written() == b""
    assert it.talk.wants_envelope
    assert it.talk.begun == 0


@pytest.mark.parametrize(
    ("letter", "wire"),
    [
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n.\r\n"),
        (b".a\r\n", b"..a\r\n.\r\n"),
        (b"no line end", b"no line end\r\n.\r\n"),
        (b"bare\n.\nQUIT\r\n", b"bare\n..\nQUIT\r\n.\r\n"),
    ],
)
def test_no_letter_can_end_itself_early(letter: bytes, wire: bytes) -> None:
    it = Conversation()
    it.begin()
    assert it.give_body(letter) == wire


@pytest.mark.parametrize("code", [450, 452, 550, 552, 554])
def test_a_refused_recipient_costs_a_lone_dot_and_a_reset(code: int) -> None:
    it = Conversation()
    bob = it.offer()
    it.written()
    assert it.say(b"250 ok\r\n%d no\r\n354 go on anyway\r\n" % code) == b".\r\n"
    assert it.news() == [Answered(bob, Step.RCPT, code, "no")]
    eve = it.offer("eve@example.test")
    assert it.written() == b"RSET\r\n" + EVE
    it.say(b"554 no recipients\r\n250 reset\r\n" + GROUP)
    assert it.news() == []
    assert it.talk.next is eve
    assert it.talk.wants_body


def test_a_refused_recipient_with_refused_data_needs_no_dot() -> None:
    it = Conversation()
    it.offer()
    it.written()
    assert it.say(b"250 ok\r\n550 no\r\n503 no recipients\r\n") == b""
    assert it.talk.awaiting is None
    it.offer("eve@example.test")
    assert it.written() == b"RSET\r\n" + EVE


def test_refused_data_speaks_of_the_letter() -> None:
    it = Conversation()
    bob = it.offer()
    it.written()
    it.say(b"250 ok\r\n250 ok\r\n451 not now\r\n")
    assert it.news() == [Answered(bob, Step.DATA, 451, "not now")]
    it.offer("eve@example.test")
    assert it.written() == b"RSET\r\n" + EVE


def test_a_refused_dot_with_the_next_group_behind_it_goes_on() -> None:
    it = Conversation()
    bob = it.begin()
    it.talk.body(BODY)
    it.offer("eve@example.test")
    it.written()
    it.say(b"554 spam\r\n" + GROUP)
    assert it.news() == [Answered(bob, Step.DOT, 554, "spam")]
    assert it.talk.wants_body


def test_after_a_refused_dot_alone_a_reset_comes_first() -> None:
    it = Conversation()
    it.begin()
    it.give_body()
    it.say(b"452 full\r\n")
    it.offer("eve@example.test")
    assert it.written() == b"RSET\r\n" + EVE


def test_a_refused_sender_uses_nobody_up_and_says_goodbye() -> None:
    it = Conversation()
    bob = it.offer()
    it.written()
    assert it.say(b"550 sender unknown\r\n503 no\r\n503 no\r\n") == b"QUIT\r\n"
    assert it.news() == [Returned(bob, untouched=True), Trouble(Step.MAIL, 550, "sender unknown")]
    assert bob.returns == 0
    it.say(b"221 bye\r\n")
    assert it.talk.over


def test_a_refused_sender_and_354_still_ends_with_a_lone_dot() -> None:
    it = Conversation()
    it.offer()
    it.written()
    assert it.say(b"451 no\r\n250 ok\r\n354 go\r\n") == b".\r\n"
    assert not it.talk.wants_envelope
    assert it.say(b"554 none\r\n") == b"QUIT\r\n"


class TestTheEndOfAConnection:
    """Whatever ends it, each letter's fate follows from how far it had come."""

    def in_full_flight(self) -> tuple[Conversation, Envelope, Envelope]:
        it = Conversation()
        bob = it.begin()
        it.talk.body(BODY)
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
        it.talk.sent += len(BODY) + 2
        it.lose("reset")
        assert it.news() == [Returned(bob, untouched=False), Returned(eve, untouched=True)]
        assert bob.returns == 1

    def test_the_last_octet_of_the_dot_decides(self) -> None:
        it, bob, eve = self.in_full_flight()
        it.stuck = True
        it.written()
        it.talk.sent += len(BODY) + 3
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
        it.talk.body(BODY)
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
        it = Conversation(Settings(look_ahead_letters=1))
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
