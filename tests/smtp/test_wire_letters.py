"""The wire against a real server: what arrives, what comes back, and that each letter ends once."""

import pytest

from mailer.mail.smtp.events import Step, Terms, Unfit
from mailer.mail.wire import Limits
from mailer.mail.wire.line import SIP
from tests.smtp.bag import Bag, people, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

BOB, EVE = "bob@example.test", "eve@example.test"


def deliver(wire_to: WireMaker, server: SmtpServer, bag: Bag, **options: object) -> None:
    wire = wire_to(server, **options)
    turn_until(wire, bag, lambda: bag.settled)
    assert bag.ends == bag.pulled


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("look_ahead", [True, False])
def test_every_letter_arrives_once(wire_to: WireMaker, pipelining: bool, look_ahead: bool) -> None:
    bag = Bag(people(300))
    with SmtpServer(pipelining=pipelining) as server:
        deliver(wire_to, server, bag, look_ahead=look_ahead, letters_per_connection=20)
        assert sorted(server.recipients()) == sorted(people(300))
    assert sorted(bag.accepted) == sorted(people(300))
    assert bag.came_back == []


def test_the_bytes_arrive_as_they_were(wire_to: WireMaker) -> None:
    bag = Bag([BOB], letter=b"Subject: dots\r\n\r\n.\r\n..two\r\nlast\r\n")
    with SmtpServer() as server:
        deliver(wire_to, server, bag)
        assert server.letters[0].raw == bag.letter
        assert server.letters[0].sender == "us@example.test"


def test_a_large_letter_is_written_in_parts(wire_to: WireMaker) -> None:
    bag = Bag([BOB, EVE, *people(3)], letter=b"Subject: large\r\n\r\n" + b"0123456789\r\n" * 500_000)
    with SmtpServer(size=20_000_000) as server:
        deliver(wire_to, server, bag, limits=Limits(start=2, connections=2))
        assert {letter.raw for letter in server.letters} == {bag.letter}
        assert len(server.letters) == 5


def test_a_reply_of_any_length_is_read_to_its_end(wire_to: WireMaker) -> None:
    lengths = [*range(SIP - 60, SIP + 60), 2 * SIP, 5_000]
    bag = Bag(people(len(lengths)))
    with SmtpServer() as server:
        for length in reversed(lengths):
            server.add("dot", code=250, text="x" * length, times=1)
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
        assert server.connections == 2  # a hundred letters each
    assert sorted(len(text) for _step, _code, text in bag.answers.values()) == [min(one, 1_000) for one in lengths]


def test_a_reply_of_many_lines_is_read_to_its_end(wire_to: WireMaker) -> None:
    bag = Bag(people(5))
    with SmtpServer() as server:
        server.add("dot", code=250, text="\n".join(["thank you"] * 4_000))
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
        assert server.connections == 1
    assert sorted(bag.accepted) == people(5)


@pytest.mark.parametrize("step", ["rcpt", "data", "dot"])
@pytest.mark.parametrize("code", [450, 451, 452, 550, 552, 553, 554])
def test_a_refusal_speaks_of_its_letter_alone(wire_to: WireMaker, step: str, code: int) -> None:
    bag = Bag([*people(3), BOB, *people(6)[3:]])
    with SmtpServer(data_anyway=code % 2 == 0) as server:
        server.add(step, BOB, code=code, text="not him")
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
        assert BOB not in server.recipients()
        assert len(server.faults) == 1
        assert server.connections == 1
    assert bag.answers[BOB] == (Step(step), code, "not him")
    assert sorted(bag.accepted) == people(6)


def test_the_servers_words_are_kept_as_received(wire_to: WireMaker) -> None:
    bag = Bag([BOB])
    with SmtpServer() as server:
        server.add("rcpt", code=550, text="5.1.1 нет такого\nпроверьте адрес")
        deliver(wire_to, server, bag)
    assert bag.answers[BOB][2] == "5.1.1 нет такого\nпроверьте адрес"


def test_a_letter_that_the_server_cannot_take_is_not_tried(wire_to: WireMaker) -> None:
    bag = Bag([BOB, "боб@example.test"], size=5_000)
    bag.pile[1].terms = Terms("us@example.test", 10)
    with SmtpServer(size=1_000, smtputf8=False) as server:
        deliver(wire_to, server, bag)
        assert not [line for _, line in server.commands if line.startswith("MAIL")]
    assert bag.unfit == {BOB: Unfit.TOO_LARGE, "боб@example.test": Unfit.NEEDS_SMTPUTF8}


def test_in_full_flow_a_letter_that_the_server_cannot_take_holds_up_nobody(wire_to: WireMaker) -> None:
    bag = Bag(people(12), size=10)
    for index in (5, 6, 11):
        bag.pile[index].terms = Terms("us@example.test", 5_000)
    with SmtpServer(size=1_000) as server:
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
        assert server.recipients() == [one for one in people(11) if one not in bag.unfit]
    assert set(bag.unfit) == {"p5@example.test", "p6@example.test", "p11@example.test"}


def test_each_letter_is_timed_from_its_own_first_command(wire_to: WireMaker) -> None:
    bag = Bag(people(20))
    with SmtpServer() as server:
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
    assert 0 <= min(bag.took_ms.values()) <= max(bag.took_ms.values()) < 10_000


def test_thousands_in_a_row_that_a_server_cannot_take_do_not_keep_the_next_from_being_sent(wire_to: WireMaker) -> None:
    bag = Bag([*(f"боб{n}@example.test" for n in range(3_000)), *people(3)])
    with SmtpServer(smtputf8=False) as server:
        deliver(wire_to, server, bag)
    assert len(bag.unfit) == 3_000
    assert sorted(bag.accepted) == people(3)


def test_an_international_address_goes_where_it_is_offered(wire_to: WireMaker) -> None:
    bag = Bag(["боб@example.test"])
    with SmtpServer() as server:
        deliver(wire_to, server, bag)
        assert server.recipients() == ["боб@example.test"]


def test_a_letter_taken_back_does_not_arrive(wire_to: WireMaker) -> None:
    bag = Bag([*people(4), BOB, EVE])
    bag.taken_back = {BOB}
    with SmtpServer() as server:
        deliver(wire_to, server, bag, limits=Limits(start=1, connections=1))
        assert sorted(server.recipients()) == sorted([*people(4), EVE])
    assert bag.gave_up == [BOB]
    assert bag.unknown == {}


def test_what_comes_later_goes_out_on_the_lines_that_stand(wire_to: WireMaker) -> None:
    bag = Bag([BOB])
    with SmtpServer() as server:
        wire = wire_to(server)
        turn_until(wire, bag, lambda: bag.settled)
        later = Bag([EVE])
        turn_until(wire, later, lambda: later.settled)
        assert server.connections == 1


def test_there_are_never_more_connections_than_letters(wire_to: WireMaker) -> None:
    bag = Bag(people(2))
    with SmtpServer(delay_s=0.05) as server:
        deliver(wire_to, server, bag, limits=Limits(start=10))
        assert server.connections <= 2


def test_an_unused_line_is_closed_with_a_goodbye(wire_to: WireMaker) -> None:
    bag = Bag([BOB])
    with SmtpServer() as server:
        wire = wire_to(server, limits=Limits(idle_s=0.05, sweep_s=0.02))
        turn_until(wire, bag, lambda: bag.settled and not wire.connections)
        assert server.commands[-1][1] == "QUIT"
