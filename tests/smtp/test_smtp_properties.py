"""Any server, any cut of its bytes: every letter ends exactly once, and only a 2xx to a whole dot is acceptance."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Answered, Envelope, Event, Returned, Step, Terms, Trouble, Unanswered
from mailer.mail.smtp.replies import readable
from mailer.mail.smtp.settings import Settings
from tests.smtp.conversation import EHLO, PLAIN_EHLO
from tests.smtp.cuts import byte_by_byte, cut_at

TERMS = Terms("us@example.test", is_plain=True)
LINES = [b"250 ok", b"250-a\r\n250 b", b"354 go", b"421 bye", b"450 later", b"550 no", b"554 no", b"221 x", b"junk"]


class Sender:
    """The simplest wire: offers whenever it may, writes at once, counts what becomes of each letter.

    `hurries`: where all goes well it carries on as the real wire does.
    """

    def __init__(self, ehlo: bytes, *, look_ahead: bool, hurries: bool = False) -> None:
        self.hurries = hurries
        self.talk = Dialogue(Settings(letters_per_connection=5, look_ahead=look_ahead))
        self.offered: list[Envelope] = []
        self.fates: list[Event] = []
        self.bodies = 0
        self.talk.connected()
        self.hear(b"220 hi\r\n")
        self.hear(ehlo)

    def hear(self, data: bytes) -> None:
        answer = self.talk.taken(data) if self.hurries and self.talk.begun < self.talk.look_ahead else None
        if answer is not None:
            envelope, code, reply = answer
            self.note([Answered(envelope, Step.DOT, code, readable(reply[4:]))])
            self.carry_on()
            return
        self.note(self.talk.receive(data))
        if self.talk.wants_body:
            self.talk.body([b"Hello\r\n"])
            self.bodies += 1
        if self.talk.wants_envelope:
            letter = Envelope(TERMS, f"{len(self.offered)}@example.test")
            self.offered.append(letter)
            assert self.talk.offer(letter) is None
        self.talk.unsent -= len(b"".join(self.talk.outgoing()))

    def carry_on(self) -> None:
        self.offered.append(Envelope(TERMS, f"{len(self.offered)}@example.test"))
        data = self.talk.carry_on([b"Hello\r\n"], self.offered[-1])
        assert isinstance(data, bytes)
        self.bodies += 1

    def note(self, events: list[Event]) -> None:
        self.fates += [event for event in events if not isinstance(event, Trouble)]


@given(
    st.sampled_from([EHLO, PLAIN_EHLO]),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from([*LINES, b"250 ok", b"250 ok", b"354 go"]), max_size=30),
    st.lists(st.integers(0, 10_000), max_size=40),
)
def test_every_letter_ends_exactly_once(
    ehlo: bytes, look_ahead: bool, hurries: bool, said: list[bytes], cuts: list[int]
) -> None:
    sender = Sender(ehlo, look_ahead=look_ahead, hurries=hurries)
    for piece in cut_at(b"".join(line + b"\r\n" for line in said), cuts):
        sender.hear(piece)
    sender.note(sender.talk.lost("the end"))
    settled = [fate.envelope.recipient for fate in sender.fates if not isinstance(fate, Trouble)]
    assert sorted(settled) == sorted(letter.recipient for letter in sender.offered)
    accepted = [fate for fate in sender.fates if isinstance(fate, Answered) and fate.code < 300]
    assert all(fate.step is Step.DOT for fate in accepted)
    touched = [fate for fate in sender.fates if isinstance(fate, Unanswered) or fate in accepted]
    assert len(touched) <= sender.bodies
    untouched = [fate for fate in sender.fates if isinstance(fate, Returned) and fate.untouched]
    assert len(untouched) <= 1


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_no_bytes_break_the_machine(data: bytes, cuts: list[int]) -> None:
    sender = Sender(EHLO, look_ahead=True)
    for piece in cut_at(data, cuts):
        sender.hear(piece)
    sender.note(sender.talk.lost("the end"))
    assert len(sender.fates) == len(sender.offered)


words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60).map(str.encode)
answers = st.tuples(st.integers(250, 259), words, words, words, words)


@given(st.lists(answers, min_size=1, max_size=4), st.sampled_from([b"\r\n", b"\n"]))
def test_four_good_replies_mean_the_same_at_once_and_byte_by_byte(
    said: list[tuple[int, bytes, bytes, bytes, bytes]], end: bytes
) -> None:
    at_once, bit_by_bit = Sender(EHLO, look_ahead=True), Sender(EHLO, look_ahead=True)
    for sender in (at_once, bit_by_bit):
        sender.hear(b"250 a\r\n250 b\r\n354 go\r\n")
    for code, taken, first, second, go in said:
        whole = end.join([b"%d %b" % (code, taken), b"250 " + first, b"250 " + second, b"354 " + go, b""])
        at_once.hear(whole)
        for byte in byte_by_byte(whole):
            bit_by_bit.hear(byte)

    def facts(sender: Sender) -> list[tuple[str, Step, int, str]]:
        told = [fate for fate in sender.fates if isinstance(fate, Answered)]
        assert len(told) == len(sender.fates) == len(said)
        return [(one.envelope.recipient, one.step, one.code, one.text) for one in told]

    assert facts(at_once) == facts(bit_by_bit)
    assert at_once.talk.awaiting == bit_by_bit.talk.awaiting


GROUP_TAKEN = b"250 a\r\n250 b\r\n354 go\r\n"
ALL_TAKEN = b"250 kept\r\n" + GROUP_TAKEN
LINE_ENDS = list(itertools.accumulate(map(len, ALL_TAKEN.splitlines(keepends=True))))
cuts_of_one = st.lists(st.sampled_from(LINE_ENDS) | st.integers(0, len(ALL_TAKEN)), max_size=4)


@given(st.lists(cuts_of_one, max_size=4))
def test_no_body_goes_out_before_the_server_has_asked_for_it(cuts: list[list[int]]) -> None:
    sender, heard = Sender(EHLO, look_ahead=True), GROUP_TAKEN
    sender.hear(GROUP_TAKEN)
    for where in cuts:
        for piece in cut_at(ALL_TAKEN, where):
            sender.hear(piece)
            heard += piece
            assert sender.bodies == heard.count(b"354 go\r\n")
            assert len(sender.fates) == heard.count(b"250 kept\r\n")
