"""A ledger on the test's database, and a play: a small world with one run, whose letters are answered by hand."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from mailer import orm
from mailer.dispatch.ledger import open_ledger
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.extensions import db
from tests.ledger.play import Play
from tests.support.fixtures_databases import migrate
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def one_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One database for all tests of this folder: emptying it costs a tenth of making one."""
    with postgres.fresh(lambda url: migrate(url, tmp_path_factory.mktemp("migration"))) as url:
        yield url


@pytest.fixture
def fresh_postgres(one_postgres: str) -> str:
    """Emptied for this test. Row by row: quicker than TRUNCATE for the few there are."""
    emptying = create_engine(one_postgres)
    with emptying.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            if table.name != "secret":
                connection.execute(table.delete())
    emptying.dispose()
    return one_postgres


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """As the app's own; the ledger needs no app around it, and an app costs more than most tests here."""
    made = create_engine(database_url)
    orm.prepare(made)
    yield made
    made.dispose()


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    """Without limits; a test that wants some opens its own."""
    return open_ledger(engine)


@pytest.fixture
def play(session: Session, ledger: SqlLedger) -> Play:
    """No clients yet: `play.open(5)` makes some and opens a run."""
    return Play(session, ledger)
