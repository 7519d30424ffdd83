"""Many faults at once: every letter ends once, nothing is accepted twice, nothing is lost."""

import random

import pytest

from mailer.mail.smtp.settings import Tls
from mailer.mail.wire import Limits
from tests.smtp.bag import Bag, people, turn_until
from tests.smtp.conftest import WireMaker
from tests.support.smtp_server import SmtpServer

KINDS = [*((seed, Tls.NONE) for seed in range(8)), (8, Tls.STARTTLS), (9, Tls.IMPLICIT)]
STEPS = ("mail", "rcpt", "data", "body", "dot", "rset", "quit")
DEEDS = ({"code": 421}, {"code": 451}, {"code": 550}, {"do": "cut"}, {"do": "reset"}, {"do": "raw", "text": "eh?\r\n"})


@pytest.mark.fault
@pytest.mark.parametrize(("seed", "tls"), KINDS)
def test_whatever_the_server_does_each_letter_ends_once(wire_to: WireMaker, seed: int, tls: Tls) -> None:
    chance = random.Random(seed)
    bag = Bag(people(200))
    with SmtpServer(
        pipelining=seed % 4 != 3, data_anyway=bool(seed % 2), close_after=chance.choice([0, 0, 7]), tls=tls.value
    ) as server:
        for _ in range(25):
            deed = dict(chance.choice(DEEDS))
            server.add(chance.choice(STEPS), skip=chance.randrange(150), times=1, kept=chance.random() < 0.5, **deed)
        limits = Limits(start=4, connections=8, sweep_s=0.05)
        wire = wire_to(server, limits=limits, host="localhost", context=server.client_context(), tls=tls)

        def done() -> bool:
            if wire.resting and not wire.connections:
                wire.resume()
            return bag.settled

        turn_until(wire, bag, done, timeout_s=20)
        wire.close(bag, 5)
        kept = server.recipients()
        assert server.faults
    assert bag.ends == bag.pulled
    assert len(kept) == len(set(kept))
    refused = {who for who, (_, code, _) in bag.answers.items() if code >= 300}
    # a server that kept a letter and then refused it has lied: nobody can tell
    assert set(bag.accepted) <= set(kept)
    assert set(kept) - set(bag.accepted) <= set(bag.unknown) | refused
    assert len(bag.accepted) + len(bag.unknown) + len(refused) + len(bag.gave_up) == bag.total
