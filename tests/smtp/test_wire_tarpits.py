"""Servers that drip: a line of a reply or a byte now and then, and never its end. They hold nobody up for long."""

import time
from typing import Any

import pytest

from mailer.mail.smtp.events import Step
from mailer.mail.smtp.settings import Tls
from mailer.mail.wire import Limits
from tests.smtp.bag import BOB, Bag, people, settle, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.processes import wait_until
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault
PATIENCE_S, FAR_TOO_LONG_S = 0.3, 3.0
LINES: dict[str, Any] = {"do": "drip", "delay_s": 0.02, "code": 250, "text": "still thinking"}
BYTES: dict[str, Any] = {"do": "drip", "delay_s": 0.02, "text": "250-still thinking "}
# the largest record there is, and hardly any of it
RECORD: dict[str, Any] = {"do": "drip", "delay_s": 0.02, "text": "\x17\x03\x03\x40\x00" + "x" * 500}
HANDSHAKE: dict[str, Any] = RECORD | {"text": "\x16\x03\x03\x40\x00" + "x" * 500}
DROPS = pytest.mark.parametrize("drops", [LINES, BYTES], ids=["lines", "bytes"])


def one_line(step: str) -> Limits:
    """The server may take so long for this step."""
    return Limits(start=1, connections=1, sweep_s=0.02, **{f"{step}_s": PATIENCE_S})  # type: ignore[arg-type]


def hung_up(server: SmtpServer) -> bool:
    return len(server.standing) <= 1  # the line that the others went on


@DROPS
@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_drip_before_the_body_gives_the_letter_back(wire_to: WireMaker, step: str, drops: dict[str, Any]) -> None:
    bag = Bag([*people(3), BOB, *people(6)[3:]])
    with SmtpServer() as server:
        server.add(step, BOB, **drops, times=1)
        began_s = time.monotonic()
        settle(wire_to(server, limits=one_line(step)), bag)
        assert PATIENCE_S < time.monotonic() - began_s < FAR_TOO_LONG_S
        assert [fault.do for fault in server.faults] == ["drip"]
        assert sorted(server.recipients()) == sorted([BOB, *people(6)])
        wait_until(lambda: hung_up(server), what="the line to be closed")
    assert bag.came_back == [(BOB, True)]
    assert (bag.unknown, bag.troubles) == ({}, [])


@DROPS
def test_a_drip_at_the_dot_leaves_its_letter_unanswered(wire_to: WireMaker, drops: dict[str, Any]) -> None:
    bag = Bag([*people(3), BOB, *people(6)[3:]])
    with SmtpServer() as server:
        server.add("dot", BOB, **drops)
        began_s = time.monotonic()
        settle(wire_to(server, limits=one_line("dot")), bag)
        assert PATIENCE_S < time.monotonic() - began_s < FAR_TOO_LONG_S
        assert sorted(server.recipients()) == people(6)
        wait_until(lambda: hung_up(server), what="the line to be closed")
    assert bag.unknown == {BOB: f"no progress in answering dot for {PATIENCE_S} s"}
    assert bag.came_back == [("p3@example.test", True)]  # whose envelope had gone out behind it
    assert bag.pulled[BOB] == 1


@DROPS
@pytest.mark.parametrize("step", ["banner", "ehlo", "mail"])
def test_a_drip_before_any_letter_is_trouble(wire_to: WireMaker, step: str, drops: dict[str, Any]) -> None:
    bag = Bag(people(3))
    with SmtpServer() as server:
        server.add(step, **drops)
        wire = wire_to(server, limits=one_line(step))
        turn_until(wire, bag, lambda: wire.resting and not wire.connections, timeout_s=FAR_TOO_LONG_S)
        wait_until(lambda: not server.standing, what="the line to be closed")
    assert bag.troubles == [(Step(step), 0, f"no progress in answering {step} for {PATIENCE_S} s")]
    assert sorted(one.recipient for one in bag.pile) == people(3)


class TestBeneathTls:
    """Bytes of a record that never ends are nothing that a server has said."""

    @pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
    def test_a_handshake_without_end_is_trouble(self, wire_to: WireMaker, tls: Tls) -> None:
        bag = Bag(people(3))
        with SmtpServer(tls=tls.value) as server:
            server.add("tls", **HANDSHAKE)
            context = server.client_context()
            wire = wire_to(server, limits=one_line("starttls"), host="localhost", context=context, tls=tls)
            turn_until(wire, bag, lambda: wire.resting and not wire.connections, timeout_s=FAR_TOO_LONG_S)
            wait_until(lambda: not server.standing, what="the line to be closed")
        assert bag.troubles == [(Step.STARTTLS, 0, f"no progress in answering starttls for {PATIENCE_S} s")]
        assert sorted(one.recipient for one in bag.pile) == people(3)

    @pytest.mark.parametrize(("step", "given_back"), [("rcpt", BOB), ("dot", "p3@example.test")])
    def test_a_reply_without_end_is_none(self, wire_to: WireMaker, step: str, given_back: str) -> None:
        bag = Bag([*people(3), BOB, *people(6)[3:]])
        with SmtpServer(tls="implicit") as server:
            server.add(step, BOB, **RECORD, times=1)
            context = server.client_context()
            wire = wire_to(server, limits=one_line(step), host="localhost", context=context, tls=Tls.IMPLICIT)
            turn_until(wire, bag, lambda: bag.settled, timeout_s=FAR_TOO_LONG_S)
            assert [fault.do for fault in server.faults] == ["drip"]
            assert set(server.recipients()) >= set(people(6))
        assert list(bag.unknown) == [BOB] * (step == "dot")
        assert bag.came_back == [(given_back, True)]
