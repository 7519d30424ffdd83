"""Fixtures: a migrated, empty SQLite or PostgreSQL for every test that wants one, and a Redis."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest

from mailer.app import create_app
from mailer.config import Config
from mailer.extensions import db
from tests.support.postgres import Postgres, running_postgres
from tests.support.redis import PrivateRedis, running_redis


def migrate(url: str, folder: Path) -> None:
    """Bring an empty database to the newest tables, as `flask db upgrade` does."""
    config = Config(testing=True, secret_key="migrations", database_url=url, instance_dir=folder, var_dir=folder)
    app = create_app(config)
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nobody writes to."""
    folder = tmp_path_factory.mktemp("template")
    migrate(f"sqlite:///{folder / 'mailer.db'}", folder)
    return folder / "mailer.db"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite file of this test's own."""
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    return f"sqlite:///{tmp_path / 'mailer.db'}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """This worker's PostgreSQL, fsync off. A test that restarts it leaves it running."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def fresh_postgres(postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty PostgreSQL database of this test's own."""
    with postgres.fresh(lambda url: migrate(url, tmp_path)) as url:
        yield url


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite's, unless a test says otherwise: `both_databases`, or parametrize it indirectly with "postgres"."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgres": "fresh_postgres"}[kind]))


@pytest.fixture(scope="session")
def redis() -> Iterator[PrivateRedis]:
    """This worker's Redis. A test that stops it starts it again."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis: PrivateRedis) -> str:
    """Its address, emptied for this test."""
    redis.wipe()
    return redis.url
