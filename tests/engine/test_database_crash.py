"""PostgreSQL crashes in mid-run and comes back. It syncs to disk as in production: a promise is tested, not luck."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailer.models import RunState
from tests.engine.conftest import Room
from tests.support.fixtures_databases import migrate
from tests.support.postgres import Postgres, running_postgres
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault


@pytest.fixture
def durable() -> Iterator[Postgres]:
    """A server of this test's own."""
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture
def database_url(durable: Postgres, tmp_path: Path) -> Iterator[str]:
    """A migrated database there, in the place of the usual one."""
    with durable.fresh(lambda url: migrate(url, tmp_path)) as url:
        yield url


def test_a_crash_of_the_database_costs_no_letter(
    room: Callable[..., Room],
    smtp: SmtpServer,
    durable: Postgres,
    until: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=1500, connections=10)
    here.engine.begin()
    smtp.wait_for(100)
    durable.server.stop(signal.SIGQUIT)
    assert len(smtp.letters) < 1500, "the run was over before the crash"
    until(lambda: "database" in caplog.text, what="the engine to meet the trouble")
    durable.server.start()
    smtp.script.delay_s = 0
    until(lambda: here.work(5).is_over, what="the engine to come to an end")
    here.database.dispose()
    until(lambda: here.run().state is RunState.DONE, what="the run to be done")
    assert here.outcomes() == ["accepted"] * 1500
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 1500
    assert here.adds_up()
