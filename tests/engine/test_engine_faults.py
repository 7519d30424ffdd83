"""What the receiver does wrong, and whom it costs what. Each test first proves that its fault struck."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch.tick import tick
from mailer.mail.smtp.settings import Settings
from mailer.mail.wire import Server
from mailer.models import HeldReason, RunState, Suppression, User
from tests.engine.conftest import Room
from tests.support.people import sign_in
from tests.support.ports import free_socket
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
pytestmark = pytest.mark.fault


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["rcpt", "data", "dot"])
def test_a_refused_recipient_is_refused_and_the_others_are_not(
    room: Build, smtp: SmtpServer, step: str
) -> None:
    smtp.add(step, "*-3@*", code=550, text="5.1.1 nobody here")
    here = room(clients=10)
    here.send()
    assert [fault.code for fault in smtp.faults] == [550]
    refused = [row for row in here.log() if row.outcome == "refused"]
    assert [(row.reply_code, row.reply_text) for row in refused] == [(550, "5.1.1 nobody here")]
    assert here.outcomes().count("accepted") == 9
    assert here.run().state is RunState.DONE
    assert here.adds_up()


@pytest.mark.both_databases
def test_an_address_where_nobody_lives_is_never_written_to_again(room: Build, smtp: SmtpServer) -> None:
    smtp.add("rcpt", "*-3@*", code=550, text="5.1.1 no such user")
    smtp.add("rcpt", "*-4@*", code=550, text="5.7.1 not from you")
    here = room(clients=10)
    here.send()
    assert len(smtp.faults) == 2
    with Session(here.database) as session:
        listed = session.scalars(select(Suppression)).all()
    assert [(one.reason, one.note, one.run_id) for one in listed] == [
        ("dead_address", "550 5.1.1 no such user", here.run_id)
    ]
    assert listed[0].address.partition("@")[0].endswith("-3")
    assert here.adds_up()


@pytest.mark.both_databases
def test_a_deferred_recipient_is_tried_again_later_and_accepted(room: Build, smtp: SmtpServer) -> None:
    smtp.add("rcpt", "*-3@*", code=451, text="4.7.1 greylisted", times=1)
    here = room(clients=10)
    here.work()
    assert [fault.code for fault in smtp.faults] == [451]
    assert [row.number for row in here.retries()] == [2]
    assert here.run().state is RunState.OPEN
    assert len(smtp.letters) == 9
    here.time_passes()
    here.send()
    assert here.outcomes().count("accepted") == 10
    assert here.outcomes().count("deferred") == 1
    assert len(set(smtp.recipients())) == len(smtp.letters) == 10
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_a_connection_cut_after_the_dot_leaves_one_unanswered_and_sends_nothing_twice(
    room: Build, smtp: SmtpServer
) -> None:
    smtp.add("dot", "*-3@*", do="cut", kept=True, times=1)
    here = room(clients=10)
    here.send()
    assert [fault.do for fault in smtp.faults] == ["cut"]
    assert here.outcomes().count("unanswered") == 1
    assert len(set(smtp.recipients())) == len(smtp.letters) == 10
    assert here.run().state is RunState.DONE
    assert here.adds_up()


# the body is larger than what the kernel takes off our hands at once
@pytest.mark.parametrize(("step", "size"), [("data", 10), ("body", 6_000_000)])
def test_a_connection_cut_before_the_dot_costs_nobody_anything(
    room: Build, smtp: SmtpServer, step: str, size: int
) -> None:
    smtp.add(step, "*-3@*", do="reset", times=1)
    here = room(clients=5, version={"text": "x" * size})
    here.send()
    assert [fault.do for fault in smtp.faults] == ["reset"]
    assert here.outcomes() == ["accepted"] * 5
    assert len(smtp.letters) == 5
    assert here.adds_up()


def test_a_server_silent_after_the_dot_leaves_the_letter_unanswered(room: Build, smtp: SmtpServer) -> None:
    smtp.add("dot", "*-3@*", do="hang", times=1)
    here = room(clients=10, dot_s=1)
    here.send()
    assert [fault.do for fault in smtp.faults] == ["hang"]
    assert here.outcomes().count("unanswered") == 1
    assert here.outcomes().count("accepted") == 9
    assert here.adds_up()


def said(step: str, code: int, text: str) -> dict[str, Any]:
    """A rule by which the server says this for ever."""
    return {"step": step, "code": code, "text": text}


TROUBLE: dict[str, list[dict[str, Any]]] = {
    "banner": [said("banner", 554, "go away")],
    "banner 421": [said("banner", 421, "too busy")],
    "ehlo": [{"step": "ehlo", "do": "cut"}],
    "ehlo 4xx": [said("ehlo", 451, "not now")],
    "ehlo and helo 5xx": [said("ehlo", 502, "5.5.1 what?"), said("helo", 550, "5.7.1 we do not know you")],
    "mail 4xx": [said("mail", 451, "not now")],
    "mail 550": [said("mail", 550, "5.7.1 this sender may not")],
    "mail 552": [said("mail", 552, "5.2.2 your own mailbox is full")],
    "mail 553": [said("mail", 553, "5.1.8 no such sender")],
    "mail 554": [said("mail", 554, "5.7.1 your account is locked")],
}


@pytest.mark.both_databases
@pytest.mark.parametrize("rules", TROUBLE.values(), ids=TROUBLE)
def test_a_server_in_trouble_uses_up_nobody_and_the_run_goes_on_when_it_is_back(
    room: Build, smtp: SmtpServer, rules: list[dict[str, Any]]
) -> None:
    for rule in rules:
        smtp.add(**rule)
    here = room(clients=10)
    report = here.work()
    assert {fault.step for fault in smtp.faults} == {rule["step"] for rule in rules}
    assert report.is_over
    assert (here.log(), here.claims()) == ([], [])
    run, last = here.run(), rules[-1]
    is_senders = last["step"] == "mail" and last["code"] >= 500
    assert run.held_reason is (HeldReason.SENDER_REFUSED if is_senders else HeldReason.SERVER)
    assert (f"{last['code']} {last['text']}" if "code" in last else "closed") in run.held_words
    assert run.held_until is not None
    smtp.clear()
    here.time_passes()
    here.send()
    assert here.outcomes() == ["accepted"] * 10
    assert len(smtp.letters) == 10
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_a_server_that_knows_no_ehlo_is_greeted_with_helo_and_gets_every_letter(room: Build, smtp: SmtpServer) -> None:
    smtp.add("ehlo", code=502, text="5.5.1 what?")
    here = room(clients=10)
    here.send()
    assert {fault.step for fault in smtp.faults} == {"ehlo"}
    assert here.outcomes() == ["accepted"] * 10
    assert here.run().held_reason is None
    assert here.adds_up()


def test_a_server_that_knows_no_ehlo_cannot_sign_us_in(room: Build, smtp: SmtpServer) -> None:
    smtp.script.users = {"me": "right"}
    smtp.add("ehlo", code=502, text="5.5.1 what?")
    here = room(clients=3)
    account = Settings(username="me", password="right", allow_clear_password=True)
    here.restart(server=Server("127.0.0.1", smtp.port, account))
    here.work()
    assert here.run().held_reason is HeldReason.SERVER
    assert "502 5.5.1 what?" in here.run().held_words
    assert (here.log(), smtp.letters) == ([], [])
    smtp.clear()
    here.time_passes()
    here.send()
    assert here.outcomes() == ["accepted"] * 3


def test_a_refused_sender_stops_the_run_at_once_instead_of_a_thousand_refusals(
    room: Build, smtp: SmtpServer
) -> None:
    smtp.add("mail", code=550, text="no")
    here = room(clients=1000)
    here.work()
    assert 1 <= len(smtp.faults) <= 100
    assert here.log() == []
    assert here.claims() == []


def why_it_waits(here: Room, app: Flask) -> tuple[str, dict[str, int]]:
    """What the owner's page of the run says, and at which steps /health sees trouble."""
    tick(here.engine.parts.ledger, now=utcnow(), folder=here.engine.parts.folder)
    web = app.test_client()
    with Session(here.database) as session:
        sign_in(web, session.get_one(User, here.owner_id))
    page = unescape(web.get(f"/reports/runs/{here.run_id}").text)
    assert "Next try:" in page
    found = app.test_client().get("/health").get_json()
    assert (found["status"], found["waiting_runs"]) == ("ok", {"server": 1})
    words = re.search('<q class="words">(.*?)</q>', page)
    assert words
    return words[1], found["trouble_at"]


def goes_on(here: Room, server: Server) -> None:
    """The fault is mended, the pause over: everybody is accepted."""
    assert (here.log(), here.claims()) == ([], [])
    here.engine.close()
    here.restart(server=server)
    here.time_passes()
    here.send()
    assert here.outcomes() == ["accepted"] * 3
    assert here.run().state is RunState.DONE
    assert here.adds_up()


@pytest.mark.both_databases
def test_a_server_that_is_not_there_is_named_as_the_reason_until_it_is_back(
    room: Build, app: Flask, smtp: SmtpServer
) -> None:
    here = room(clients=3)
    with free_socket() as nobody:
        port = nobody.getsockname()[1]
    here.restart(server=Server("127.0.0.1", port))
    report = here.work()
    assert "connect" in report.trouble
    assert why_it_waits(here, app) == ("connect: the server refused the connection", {"connect": 1})
    goes_on(here, Server("127.0.0.1", smtp.port))


@pytest.mark.both_databases
def test_a_wrong_password_holds_the_run_with_the_servers_words_until_it_is_right(
    room: Build, app: Flask, smtp: SmtpServer
) -> None:
    smtp.script.users = {"me": "right"}
    here = room(clients=3)
    wrong = Settings(username="me", password="wrong", allow_clear_password=True)
    here.restart(server=Server("127.0.0.1", smtp.port, wrong))
    here.work()
    assert {reply.code for reply in smtp.replies if reply.step == "auth"} == {535}
    assert why_it_waits(here, app) == ("auth: 535 who are you?", {"auth": 1})
    goes_on(here, Server("127.0.0.1", smtp.port, replace(wrong, password="right")))
