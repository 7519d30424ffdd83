"""Letter after letter on one connection that offers PIPELINING: what travels together, what each reply means."""

import pytest

from mailer.mail.smtp.events import Answered, Envelope, Returned, Step, Terms, Trouble, Unfit
from tests.smtp.conversation import BODY, COMMANDS, GROUP, Conversation

pytestmark = pytest.mark.usefixtures("cut")
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
    it.talk.body([BODY])
    eve = it.offer("eve@example.test")
    assert it.written() == BODY + b".\r\n" + EVE
    it.say(b"250 2.0.0 queued as A1\r\n" + GROUP)
    assert it.news() == [Answered(bob, Step.DOT, 250, "2.0.0 queued as A1")]
    assert it.talk.wants_body
    assert it.talk.next is eve


def test_an_empty_sender_is_a_null_reverse_path() -> None:
    it = Conversation()
    assert it.talk.offer(Envelope(Terms(""), "bob@example.test")) is None
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
        (Envelope(Terms("us@x.test", 10_001), "bob@x.test"), b"250-mx\r\n250 SIZE 10000\r\n", Unfit.TOO_LARGE),
        (Envelope(Terms("us@x.test"), "боб@x.test"), b"250-mx\r\n250 8BITMIME\r\n", Unfit.NEEDS_SMTPUTF8),
        (Envelope(Terms("us@x.test"), "a@x.test>\r\nRSET"), b"250-mx\r\n250 SMTPUTF8\r\n", Unfit.BAD_ADDRESS),
        (Envelope(Terms("us@x.test"), "a@x.test> NOTIFY=NEVER"), b"250 mx\r\n", Unfit.BAD_ADDRESS),
        (Envelope(Terms("us@x.test"), ""), b"250 mx\r\n", Unfit.BAD_ADDRESS),
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
    it.talk.body([BODY])
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


@pytest.mark.parametrize("words", ["5.3.4 too big", "5.2.3 longer than is allowed", "message too large", "5.3.4"])
def test_552_to_mail_speaks_of_this_letter_alone(words: str) -> None:
    it = Conversation()
    bob = it.offer(size=9_000)
    it.written()
    it.say(f"552 {words}\r\n503 no sender\r\n503 no recipient\r\n".encode())
    assert it.news() == [Answered(bob, Step.MAIL, 552, words)]
    assert it.talk.wants_envelope
    it.offer("next@example.test")
    assert it.written() == b"RSET\r\n" + COMMANDS % b"next@example.test"


@pytest.mark.parametrize("words", ["5.2.2 your own mailbox is full", "5.3.41 what is this"])
def test_552_to_mail_with_another_meaning_is_the_accounts_trouble(words: str) -> None:
    it = Conversation()
    bob = it.offer()
    it.written()
    it.say(f"552 {words}\r\n503 no\r\n503 no\r\n".encode())
    assert it.news() == [Returned(bob, untouched=True), Trouble(Step.MAIL, 552, words)]
