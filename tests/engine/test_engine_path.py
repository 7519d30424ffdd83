"""The whole path on both databases: claimed, sent once, written down, closed."""

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.dispatch.letters import unsubscribe_key
from mailer.models import Client, RunState
from mailer.tokens import read_unsubscribe_token
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]


@pytest.mark.both_databases
def test_each_client_gets_exactly_one_letter_and_one_row(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=450)
    report = here.send()
    assert report.is_over
    assert report.outcomes == {"accepted": 450}
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 450
    assert here.outcomes() == ["accepted"] * 450
    run = here.run()
    assert (run.state, run.total, run.accepted) == (RunState.DONE, 450, 450)
    assert here.adds_up()


@pytest.mark.both_databases
def test_working_again_sends_nothing_again(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=30)
    here.send()
    here.restart()
    here.send()
    assert len(smtp.recipients()) == 30
    assert len(here.log()) == 30


def test_the_row_keeps_the_servers_words_as_received(room: Build, smtp: SmtpServer) -> None:
    smtp.add("dot", code=250, text="2.0.0 Ok: queued as 4X2")
    here = room(clients=1)
    here.send()
    (row,) = here.log()
    assert (row.reply_code, row.reply_text, row.is_rebuilt) == (250, "2.0.0 Ok: queued as 4X2", False)
    assert row.address == smtp.recipients()[0]


def test_a_letter_is_personal_and_can_be_unsubscribed_from(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=1, version={"html": "<p>Hello, {{ name }}!</p>"})
    here.send()
    letter = message_from_bytes(smtp.letters[0].raw, policy=default)
    client_id = here.log()[0].client_id
    assert letter["From"].addresses[0].addr_spec == "news@example.org"
    assert letter["Reply-To"].addresses[0].addr_spec.startswith("owner")
    assert letter["Subject"] == "News for Клиент 0"
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter["List-Unsubscribe"].strip("<>")
    for kind in ("plain", "html"):
        part = letter.get_body((kind,))
        assert part is not None
        assert link in part.get_content()
        assert "Клиент 0" in part.get_content()
    key = unsubscribe_key(here.database)
    assert read_unsubscribe_token(key, link.rpartition("/")[2]) == (here.run_id, client_id)


def test_a_letter_with_its_own_link_gets_no_line_added(room: Build, smtp: SmtpServer) -> None:
    room(clients=1, version={"text": "Bye: {{ unsubscribe_url }}"}).send()
    letter = message_from_bytes(smtp.letters[0].raw, policy=default)
    assert letter.get_content().count("/unsubscribe/") == 1


def test_a_second_call_in_the_same_process_returns_at_once(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=3)
    smtp.add("dot", do="hang", times=1)
    here.engine.begin()
    smtp.wait_for(faults=1)
    with here.engine._working:
        assert here.engine.work(10).is_taken
    smtp.release()
    assert here.work().is_over


def test_connections_stay_for_the_next_slice(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=60)
    smtp.script.delay_s = 0.02
    while not here.engine.work(0.1).is_over:
        pass
    assert smtp.connections <= 20
    assert len(set(smtp.recipients())) == 60


@pytest.mark.both_databases
def test_a_run_that_takes_a_while_is_counted_beside_the_sending(
    room: Build, smtp: SmtpServer, until: Callable[..., None]
) -> None:
    smtp.script.delay_s = 0.05
    here = room(clients=2000, connections=10)
    here.engine.begin()
    until(lambda: here.run().expected == 2000, what="the run to be counted")
    assert here.run().state is RunState.OPEN
    here.engine.close()


def test_a_message_that_cannot_be_filled_is_skipped_with_the_reason(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=5, version={"text": "Dear {{ nobody_knows_this }}"})
    here.send()
    assert smtp.letters == []
    assert {(row.outcome, row.reason) for row in here.log()} == {("skipped", "unfillable")}
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_whatever_a_message_does_to_the_compiler_its_run_ends_and_says_so(
    room: Build, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_over(_draft: object) -> None:
        raise AssertionError("words nobody foresaw")

    monkeypatch.setattr("mailer.dispatch.letters.compile_letter", fall_over)
    here = room(clients=5)
    here.send()
    assert smtp.letters == []
    assert {(row.outcome, row.reason) for row in here.log()} == {("skipped", "unfillable")}
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_a_letter_over_the_servers_size_is_skipped_with_the_reason(room: Build, smtp: SmtpServer) -> None:
    smtp.script.size = 500
    here = room(clients=3)
    here.send()
    assert {(row.outcome, row.reason) for row in here.log()} == {("skipped", "too_large")}
    assert here.adds_up()


def test_a_letter_is_not_too_large_because_its_neighbour_is(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=4, version={"text": "Dear {{ name }}"})
    with Session(here.database) as session:
        first = session.scalars(select(Client).order_by(Client.id)).first()
        assert first is not None
        first.full_name = "Ж" * 150
        session.commit()
    smtp.script.size = 1_500
    here.send()
    assert [(row.outcome, row.reason) for row in here.log()] == [("skipped", "too_large"), *[("accepted", None)] * 3]
    assert here.adds_up()


def test_552_to_mail_costs_one_letter_and_holds_nobody(room: Build, smtp: SmtpServer) -> None:
    smtp.add("mail", code=552, text="5.3.4 too big for us today", times=1)
    here = room(clients=10)
    here.send()
    assert len(smtp.faults) == 1
    refused = [row for row in here.log() if row.outcome == "refused"]
    assert [(row.reply_code, row.reply_text) for row in refused] == [(552, "5.3.4 too big for us today")]
    assert here.outcomes().count("accepted") == 9
    assert here.run().held_reason is None
    assert here.adds_up()


@pytest.mark.parametrize("offers", [True, False])
def test_an_owners_address_beyond_ascii_keeps_nobody_from_a_letter(
    room: Build, smtp: SmtpServer, *, offers: bool
) -> None:
    smtp.script.smtputf8 = offers
    here = room(clients=3, version={"reply_to": "анна@example.org"})
    here.send()
    assert here.outcomes() == ["accepted"] * 3
    assert all(b"Reply-To" not in letter.raw for letter in smtp.letters)
    assert not [line for _, line in smtp.commands if "SMTPUTF8" in line]


def readdress(here: Room, addresses: dict[int, str]) -> None:
    """The run's n-th clients have these addresses."""
    with Session(here.database) as session:
        clients = session.scalars(select(Client).where(Client.owner_id == here.owner_id).order_by(Client.id)).all()
        for index, address in addresses.items():
            clients[index].email = clients[index].address_key = address
        session.commit()


BEYOND_ASCII = {index: f"почта{index}@example.org" for index in (0, 7, 8, 29)}


@pytest.mark.both_databases
def test_an_address_that_the_server_cannot_take_is_skipped_with_the_reason_and_the_others_are_sent(
    room: Build, smtp: SmtpServer
) -> None:
    smtp.script.smtputf8 = False
    here = room(clients=30)
    no_address = {3: "two words@example.org"}
    readdress(here, BEYOND_ASCII | no_address)
    here.send()
    skipped = [row for row in here.log() if row.outcome == "skipped"]
    assert {row.address for row in skipped} == {*BEYOND_ASCII.values(), *no_address.values()}
    assert {(row.reason, row.reply_code, row.reply_text) for row in skipped} == {("bad_address", None, "")}
    assert here.outcomes().count("accepted") == len(smtp.letters) == 25
    assert not [line for _connection, line in smtp.commands if not line.isascii()]
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_a_server_that_takes_such_addresses_gets_them_as_they_are(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=30)
    readdress(here, BEYOND_ASCII)
    here.send()
    assert here.outcomes() == ["accepted"] * 30
    assert set(BEYOND_ASCII.values()) <= set(smtp.recipients())
