"""Letters over TLS with a private authority and a login, and TLS that fails: the run waits and says why.

An ear on the wire hears what a stranger would: neither the password nor a letter, whatever goes wrong.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mailer.bench.crash_count import Count
from mailer.clock import utcnow
from mailer.config import MailServer
from mailer.dispatch.tick import tick
from mailer.models import HeldReason, RunState
from tests.engine.conftest import Room
from tests.engine.faults.conftest import is_true
from tests.engine.processes import flask_send
from tests.support.authority import Authority
from tests.support.smtp_server import SmtpServer
from tests.support.wiretap import Wiretap

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = pytest.mark.fault
NAME, PASSWORD = "mailer", "hush-hush-4711"
SECRETS = [
    PASSWORD.encode(),
    b64encode(f"\0{NAME}\0{PASSWORD}".encode()),
    b64encode(PASSWORD.encode()),
    b"Subject:",
    b"RCPT TO",
]


@dataclass(frozen=True)
class Way:
    """How the server does TLS, and what is wrong with it. `says`: a part of the reason that people read."""

    tls: str = "starttls"
    host: str = "localhost"
    is_expired: bool = False
    is_trusted: bool = True
    cuts_handshakes: bool = False
    rule: dict[str, Any] | None = None
    says: str = ""


GOOD = {"STARTTLS": Way(), "implicit TLS": Way(tls="implicit")}
BAD = {
    "expired": Way(is_expired=True, says="certificate has expired"),
    "expired, implicit": Way(tls="implicit", is_expired=True, says="certificate has expired"),
    "another's name": Way(host="elsewhere.test", says="localhost"),
    "self-signed": Way(is_trusted=False, says="self-signed certificate"),
    "self-signed, implicit": Way(tls="implicit", is_trusted=False, says="self-signed certificate"),
    "handshake cut": Way(cuts_handshakes=True, says="starttls"),
    "handshake cut, implicit": Way(tls="implicit", cuts_handshakes=True, says="starttls"),
    "offered and refused": Way(rule={"code": 454, "text": "TLS not available now"}, says="TLS not available now"),
    "not offered": Way(tls="none", says="STARTTLS"),
}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One for all tests."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Way:
    """The test's parameter."""
    chosen: Way = request.param
    return chosen


@pytest.fixture
def smtp(kept: Path, authority: Authority, way: Way) -> Iterator[SmtpServer]:
    """A server that asks for a login and talks TLS in this way."""
    ours = authority.server_context(way.host, is_expired=way.is_expired) if way.is_trusted else None
    with SmtpServer(log=kept, context=ours, tls=way.tls, users={NAME: PASSWORD}) as server:
        if way.rule:
            server.add("starttls", **way.rule)
        yield server


@pytest.fixture
def wiretap(smtp: SmtpServer, way: Way) -> Iterator[Wiretap]:
    """The wire to it."""
    with Wiretap(smtp.port, cuts_handshakes=way.cuts_handshakes) as between:
        yield between


@pytest.fixture
def app(
    make_app: Callable[..., Flask], wiretap: Wiretap, way: Way, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Flask:
    """An app that trusts the private authority, as an administrator tells OpenSSL to."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    mail = MailServer(
        host="localhost",
        port=wiretap.port,
        username=NAME,
        password=PASSWORD,
        use_tls=way.tls != "implicit",
        use_ssl=way.tls == "implicit",
        sender="news@example.org",
    )
    return make_app(mail=mail)


@pytest.mark.parametrize("way", GOOD.values(), ids=GOOD, indirect=True)
def test_the_whole_path_is_secured_and_signed_in(
    room: Build, app: Flask, smtp: SmtpServer, wiretap: Wiretap, way: Way, counted: Counted
) -> None:
    here = room(clients=40)
    account = {"MAIL_USERNAME": NAME, "MAIL_PASSWORD": PASSWORD}
    kind = "MAIL_USE_SSL" if way.tls == "implicit" else "MAIL_USE_TLS"
    done = flask_send(app, **account, **{kind: "1"})
    assert done.returncode == 0, done.stderr
    assert {reply.code for reply in smtp.replies if reply.step == "auth"} == {235}
    assert here.outcomes() == ["accepted"] * 40
    assert is_true(counted(here))
    assert here.run().state is RunState.DONE
    assert wiretap.heard
    assert (b"EHLO" in wiretap.heard) == (way.tls == "starttls"), "the ear is deaf"
    assert [secret for secret in SECRETS if secret in wiretap.heard] == []


@pytest.mark.parametrize("way", BAD.values(), ids=BAD, indirect=True)
def test_without_trustworthy_tls_nothing_is_said_and_the_run_waits(
    room: Build, app: Flask, smtp: SmtpServer, wiretap: Wiretap, way: Way
) -> None:
    here = room(clients=10)
    report = here.work()
    here.engine.close()
    assert report.is_over
    assert (wiretap.cut > 0, bool(smtp.faults)) == (way.cuts_handshakes, way.rule is not None)
    run = here.run()
    assert run.held_reason is HeldReason.SERVER
    assert way.says in run.held_words
    assert PASSWORD not in run.held_words
    tick(here.engine.parts.ledger, now=utcnow(), folder=here.engine.parts.folder)
    found = app.test_client().get("/health").get_json()
    assert (found["status"], found["waiting_runs"]) == ("ok", {"server": 1})
    # nobody is used up, nothing was said that is nobody's business
    assert here.log() == []
    assert here.claims() == []
    assert smtp.letters == []
    assert {line.partition(" ")[0] for _connection, line in smtp.commands} <= {"EHLO", "STARTTLS", "QUIT"}
    assert [secret for secret in SECRETS if secret in wiretap.heard] == []


@pytest.mark.parametrize("way", [Way(is_expired=True)], ids=["expired"], indirect=True)
def test_when_the_certificate_is_mended_everybody_gets_their_letter(
    room: Build, app: Flask, smtp: SmtpServer, authority: Authority, counted: Counted
) -> None:
    here = room(clients=10)
    here.work()
    assert here.run().held_reason is HeldReason.SERVER
    smtp.present(authority.server_context())
    here.time_passes()
    here.send()
    assert here.outcomes() == ["accepted"] * 10
    assert is_true(counted(here))
    assert here.adds_up()
