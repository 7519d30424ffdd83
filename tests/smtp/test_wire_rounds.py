"""One round of the loop in which several lines go on at once: what they do together must not mix up their letters.

The server holds its replies back until all lines wait for one; then all come in the same moment.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from mailer.mail.smtp.events import Body, Envelope, Step, Terms, Unfit
from mailer.mail.wire import Limits, Wire
from tests.smtp.bag import Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.processes import wait_until
from tests.support.smtp_server import SmtpServer

LINES, MANY = 4, 30
SPOKEN_S = 0.05  # from the server's mind to the socket
EVERYBODY = people(MANY)
ON_THE_LINES = EVERYBODY[: 2 * LINES]  # the bodies of the first four are out, and the envelopes of the next four
SECOND, THIRD = EVERYBODY[LINES : 2 * LINES], EVERYBODY[2 * LINES : 3 * LINES]  # the third are pulled in the round


class RoundBag(Bag):
    """Each body names its recipient; `asked`: how many in one go. `large`: to whom a letter is too large."""

    def __init__(self, count: int = MANY, *, large: Sequence[str] = ()) -> None:
        super().__init__(people(count))
        self.asked: list[int] = []
        for letter in self.pile:
            letter.terms = Terms("us@example.test", 5_000 if letter.recipient in large else 10)

    def bodies(self, envelopes: Sequence[Envelope]) -> list[Body | None]:
        self.asked.append(len(envelopes))
        found = zip(envelopes, super().bodies(envelopes), strict=True)
        return [letter and [f"To: {envelope.recipient}\r\n".encode(), *letter] for envelope, letter in found]


def let_go(server: SmtpServer) -> None:
    """Whoever hangs goes on; later hangs hang."""
    gate, server.released = server.released, threading.Event()
    gate.set()


def hanging(server: SmtpServer, step: str) -> int:
    return sum((fault.step, fault.do) == (step, "hang") for fault in server.faults)


def all_wait(wire_to: WireMaker, server: SmtpServer, bag: Bag, *, but: str = "", **settings: object) -> Wire:
    """A line's letter waits for the reply to its dot, the next one's envelope behind it; `but` these are taken."""
    server.add("dot", do="hang")
    if but:
        server.add("dot", but, do="wait")
    server.add("ehlo", do="hang", times=LINES)
    wire = wire_to(server, limits=Limits(start=LINES, connections=LINES, sweep_s=0.05), **settings)
    turn_until(wire, bag, lambda: hanging(server, "ehlo") == LINES)
    let_go(server)  # all are greeted in one round, so that each takes one of the first four
    wait_until(lambda: replies(server, "ehlo") == LINES, what="a greeting for all lines")
    time.sleep(SPOKEN_S)
    turn_until(wire, bag, lambda: hanging(server, "dot") == LINES)
    return wire


def one_round(wire: Wire, server: SmtpServer, bag: RoundBag) -> None:
    """All replies come, and the loop goes round once."""
    server.script.rules = [rule for rule in server.script.rules if rule.do != "hang"]
    begun = bag.pulled.total()
    bag.asked.clear()
    let_go(server)
    cut = sum(fault.do == "cut" for fault in server.script.rules)
    wait_until(lambda: replies(server, "data") == begun - cut, what="replies to all envelopes")
    time.sleep(SPOKEN_S)
    wire.turn(bag, 0)


def arrived(server: SmtpServer) -> list[str]:
    """To whom, in order of the alphabet; everybody got the letter that was written to them."""
    for letter in server.letters:
        assert letter.raw.startswith(f"To: {letter.recipient}\r\n".encode())
    return sorted(server.recipients())


def replies(server: SmtpServer, step: str) -> int:
    return sum(reply.step == step for reply in server.replies)


def test_all_lines_are_served_together(wire_to: WireMaker) -> None:
    bag = RoundBag()
    with SmtpServer() as server:
        wire = all_wait(wire_to, server, bag)
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        settle(wire, bag)
        assert arrived(server) == sorted(EVERYBODY)
        assert server.connections == LINES
    assert (bag.came_back, bag.unknown) == ([], {})


@pytest.mark.parametrize("count", range(1, LINES + 1))
def test_letters_taken_back_cost_their_own_lines_alone(wire_to: WireMaker, count: int) -> None:
    bag, taken_back = RoundBag(), SECOND[1 : 1 + count] if count < LINES else SECOND
    with SmtpServer() as server:
        wire = all_wait(wire_to, server, bag)
        bag.taken_back = set(taken_back)
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        assert wire.connections == LINES - count
        settle(wire, bag)
        assert arrived(server) == sorted(set(EVERYBODY) - set(taken_back))
    assert sorted(bag.came_back) == [(who, True) for who in taken_back]
    assert (bag.unknown, bag.troubles) == ({}, [])


@pytest.mark.parametrize(
    "large", [THIRD[:1], THIRD[::2], THIRD, EVERYBODY[2 * LINES : -1], EVERYBODY[2 * LINES :]], ids=len
)
def test_letters_too_large_for_the_server_leave_their_lines_to_others(wire_to: WireMaker, large: list[str]) -> None:
    bag = RoundBag(large=large)
    with SmtpServer(size=1_000) as server:
        wire = all_wait(wire_to, server, bag)
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        settle(wire, bag)
        assert arrived(server) == sorted(set(EVERYBODY) - set(large))
        assert server.connections == LINES
    assert bag.unfit == dict.fromkeys(large, Unfit.TOO_LARGE)
    assert (bag.came_back, bag.unknown) == ([], {})


@pytest.mark.parametrize("left", range(LINES))
def test_with_fewer_letters_than_lines_the_bodies_go_out_all_the_same(wire_to: WireMaker, left: int) -> None:
    bag, later = RoundBag(2 * LINES + left), RoundBag(3)
    with SmtpServer() as server:
        wire = all_wait(wire_to, server, bag)
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        settle(wire, bag)
        settle(wire, later)  # who had nothing to do is still there
        assert arrived(server) == sorted(people(2 * LINES + left) + people(3))
        assert server.connections == LINES
    assert (bag.came_back, bag.unknown) == ([], {})


def test_one_taken_back_one_too_large_and_one_that_is_missing_in_the_same_round(wire_to: WireMaker) -> None:
    bag = RoundBag(2 * LINES + 2, large=THIRD[:1])
    with SmtpServer(size=1_000) as server:
        wire = all_wait(wire_to, server, bag)
        bag.taken_back = {SECOND[2]}
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        settle(wire, bag)
        assert arrived(server) == sorted([*set(ON_THE_LINES) - {SECOND[2]}, THIRD[1]])
    assert bag.came_back == [(SECOND[2], True)]
    assert list(bag.unfit) == THIRD[:1]


def test_lines_at_their_last_letter_go_on_by_themselves(wire_to: WireMaker) -> None:
    bag = RoundBag()
    with SmtpServer() as server:
        # two of the lines are a letter ahead, and the third is their last
        wire = all_wait(wire_to, server, bag, but="p[23]@*", letters_per_connection=3)
        assert bag.pulled.total() == 3 + 3 + 2 + 2
        one_round(wire, server, bag)
        assert bag.asked[:3] == [1, 1, 2]
        settle(wire, bag)
        assert arrived(server) == sorted(EVERYBODY)
        assert max(Counter(letter.connection for letter in server.letters).values()) == 3
    assert (bag.came_back, bag.unknown) == ([], {})


def test_all_lines_at_their_last_letter_say_goodbye_behind_it(wire_to: WireMaker) -> None:
    bag = RoundBag(2 * LINES)
    with SmtpServer() as server:
        wire = all_wait(wire_to, server, bag, letters_per_connection=2)
        one_round(wire, server, bag)
        turn_until(wire, bag, lambda: bag.settled and not wire.connections)
        assert arrived(server) == ON_THE_LINES
        assert [line for _, line in server.commands].count("QUIT") == server.connections == LINES
    assert (bag.came_back, bag.unknown) == ([], {})


@pytest.mark.fault
def test_a_line_cut_in_the_same_round_gives_back_its_own_letter(wire_to: WireMaker) -> None:
    bag = RoundBag()
    with SmtpServer() as server:
        server.add("rcpt", SECOND[1], do="cut", times=1)
        wire = all_wait(wire_to, server, bag)
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES - 1
        settle(wire, bag)
        assert arrived(server) == sorted(EVERYBODY)
    assert bag.came_back == [(SECOND[1], True)]
    assert bag.unknown == {}


@pytest.mark.fault
def test_a_sender_refused_in_the_same_round_lets_the_others_finish_and_begins_nobody(wire_to: WireMaker) -> None:
    bag = RoundBag()
    with SmtpServer() as server:
        server.add("mail", code=550, text="not you", skip=2 * LINES - 1, times=1)
        wire = all_wait(wire_to, server, bag)
        one_round(wire, server, bag)
        turn_until(wire, bag, lambda: not wire.in_flight)
        assert wire.resting
        assert bag.troubles == [(Step.MAIL, 550, "not you")]
        assert bag.pulled.total() == 2 * LINES
        assert len(server.letters) == 2 * LINES - 1
        wire.resume()
        settle(wire, bag)
        assert arrived(server) == sorted(EVERYBODY)


def test_told_to_take_no_more_all_lines_finish_what_they_have(wire_to: WireMaker) -> None:
    bag = RoundBag()
    with SmtpServer() as server:
        wire = all_wait(wire_to, server, bag)
        wire.stop_taking()
        one_round(wire, server, bag)
        assert bag.asked[0] == LINES
        turn_until(wire, bag, lambda: not wire.in_flight)
        assert arrived(server) == sorted(bag.pulled) == ON_THE_LINES
    assert len(bag.pile) == MANY - 2 * LINES
