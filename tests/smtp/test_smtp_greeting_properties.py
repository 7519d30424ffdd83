"""Any server from its banner on: no password in the clear, no way back from TLS, and every letter ends once."""

import itertools
from base64 import b64encode

import pytest
from hypothesis import event, example, given
from hypothesis import settings as asked
from hypothesis import strategies as st

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Answered, Envelope, Event, Terms, Trouble
from mailer.mail.smtp.settings import Settings, Tls
from tests.smtp.conversation import GROUP
from tests.smtp.cuts import cut_at, pieces

SECRETS = (b"secret", b64encode(b"secret"), b64encode(b"\0us\0secret"))
IN_THE_CLEAR = {Tls.STARTTLS: b"EHLO localhost\r\nSTARTTLS\r\n", Tls.IMPLICIT: b""}
HELLO = b"250-mx\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 AUTH %b\r\n"
LINES = [
    *(b"220 go", b"235 come in", b"250 ok", b"250-a\r\n250 b", b"334 VXNlcm5hbWU6", b"354 go on", b"junk", b"2"),
    *(b"250-mx\r\n250 STARTTLS", b"250-mx\r\n250 AUTH PLAIN", b"250-mx\r\n250-STARTTLS\r\n250 AUTH=LOGIN"),
    *(b"421 bye", b"432 not yet", b"454 no TLS now", b"502 what?", b"535 who?", b"550 no"),
]


class Newcomer:
    """The simplest wire from the connection on: it shakes hands at once, offers whenever it may, writes at once.

    `clear` was written before the handshake and `secured` behind it; with `is_false` the certificate is not the
    server's.
    """

    def __init__(self, settings: Settings, *, is_false: bool = False) -> None:
        self.talk = Dialogue(settings)
        self.is_false = is_false
        self.has_account = bool(settings.username)
        self.is_secure = False
        self.heard = self.clear = self.secured = b""
        self.offered: list[str] = []
        self.ends: list[str] = []
        self.accepted: list[str] = []
        self.troubles: list[Trouble] = []
        self.talk.connected()
        self.go_on()

    def hear(self, data: bytes) -> None:
        self.heard += data
        self.note(self.talk.receive(data))
        self.go_on()

    def go_on(self) -> None:
        talk = self.talk
        if talk.greeting.tls_wanted and not talk.over:
            self.shake_hands()
        if talk.wants_body and talk.next is not None:
            talk.body([b"Hello\r\n"])
        if talk.wants_envelope:
            assert b"235" in self.heard or not self.has_account
            self.offered.append(f"{len(self.offered)}@example.test")
            assert talk.offer(Envelope(Terms("us@example.test"), self.offered[-1])) is None
        self.write()

    def shake_hands(self) -> None:
        if self.is_false:
            self.lose("a certificate of somebody else")
        else:
            self.is_secure = True
            self.talk.secured()

    def write(self) -> None:
        written = b"".join(self.talk.outgoing())
        self.talk.unsent -= len(written)
        if self.is_secure:
            self.secured += written
        else:
            self.clear += written

    def lose(self, why: str) -> None:
        self.note(self.talk.lost(why))

    def note(self, events: list[Event]) -> None:
        for one in events:
            if isinstance(one, Trouble):
                self.troubles.append(one)
                continue
            self.ends.append(one.envelope.recipient)
            if isinstance(one, Answered) and one.code < 300:
                self.accepted.append(one.envelope.recipient)


def undisturbed(settings: Settings, mechanism: bytes) -> list[bytes]:
    """What a good server says to it, reply by reply, until two letters are taken."""
    said = [b"220 hi\r\n"]
    if settings.tls is Tls.STARTTLS:
        said += [HELLO % mechanism, b"220 go\r\n"]
    said.append(HELLO % mechanism)
    if settings.username:
        said += [b"334 Username:\r\n", b"334 Password:\r\n"] if mechanism == b"LOGIN" else []
        said.append(b"235 come in\r\n")
    return [*said, GROUP, b"250 kept\r\n", GROUP, b"250 kept\r\n", b"221 bye\r\n"]


accounts = st.builds(
    Settings,
    tls=st.sampled_from(Tls),
    username=st.sampled_from(["", "us"]),
    password=st.just("secret"),
    allow_clear_password=st.booleans(),
    look_ahead=st.booleans(),
    letters_per_connection=st.just(2),
)
mechanisms = st.sampled_from([b"PLAIN", b"LOGIN", b"XOAUTH2"])
lines = st.lists(st.sampled_from(LINES).map(lambda line: line + b"\r\n"), max_size=12)
disturbances = lines | st.binary(max_size=200).map(lambda said: [said])


def arriving(replies: list[bytes], glued: set[int], places: list[int]) -> list[bytes]:
    """Each reply by itself, but for those that are glued to the next one, and cut at some places more."""
    ends = [end for at, end in enumerate(itertools.accumulate(map(len, replies))) if at not in glued]
    return cut_at(b"".join(replies), [*ends, *places])


@asked(max_examples=300)
@given(
    settings=accounts,
    mechanism=mechanisms,
    at=st.integers(0, 12),
    gone=st.integers(0, 3),
    instead=disturbances,
    glued=st.sets(st.integers(0, 24), max_size=3),
    places=st.lists(st.integers(0, 2_000), max_size=6),
    is_false=st.sampled_from([False, False, False, True]),
)
@example(Settings(tls=Tls.STARTTLS), b"PLAIN", 2, 1, [b"454 no TLS now\r\n"], set(), [], False)
@example(Settings(username="us", password="secret"), b"PLAIN", 0, 0, [], set(), [], False)
@example(Settings(tls=Tls.IMPLICIT, username="us", password="x"), b"PLAIN", 2, 1, [b"250 ok\r\n"], set(), [], False)
def test_whatever_greets_us_nothing_secret_is_told_and_every_letter_ends_once(
    settings: Settings,
    mechanism: bytes,
    at: int,
    gone: int,
    instead: list[bytes],
    glued: set[int],
    places: list[int],
    is_false: bool,
) -> None:
    said = undisturbed(settings, mechanism)
    here = Newcomer(settings, is_false=is_false)
    for piece in arriving([*said[:at], *instead, *said[at + gone :]], glued, places):
        here.hear(piece)
    here.lose("the end")
    event(f"ready: {here.talk.ready}, secure: {here.is_secure}, accepted: {len(here.accepted)}")
    may_tell = settings.tls is Tls.NONE and settings.allow_clear_password
    assert may_tell or not [secret for secret in SECRETS if secret in here.clear]
    assert settings.tls is Tls.NONE or IN_THE_CLEAR[settings.tls].startswith(here.clear)
    assert sorted(here.ends) == sorted(here.offered)
    assert len(here.troubles) <= 1
    assert here.talk.ready or (here.offered, len(here.troubles)) == ([], 1)
    assert here.talk.over
    assert here.talk.outgoing() == []


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
@pytest.mark.parametrize("username", ["", "us"])
@pytest.mark.parametrize("tls", Tls)
def test_undisturbed_both_letters_are_taken(tls: Tls, username: str, mechanism: bytes) -> None:
    settings = Settings(
        tls=tls,
        username=username,
        password="secret",
        allow_clear_password=True,
        letters_per_connection=2,
    )
    here = Newcomer(settings)
    for reply in undisturbed(settings, mechanism):
        for piece in pieces(reply):
            here.hear(piece)
    assert here.accepted == here.ends == here.offered == ["0@example.test", "1@example.test"]
    assert here.troubles == []
    assert here.talk.over
