"""Fixtures: settings, apps and a client. What a test asks for by name, its app uses (smtp, redis_url, live_server)."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.app import create_app
from mailer.config import Config, MailServer
from mailer.extensions import db

CHEAP_PASSWORDS = "pbkdf2:sha256:1"  # the usual cost, 80 ms each, would be most of the suite


class Browser(FlaskClient):
    """Says of itself what browsers say; a program's name would be a robot's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


class AppConfig(Protocol):
    """Builds settings for a test; any field of Config can be given by name."""

    def __call__(self, **overrides: Any) -> Config: ...


@pytest.fixture
def app_config(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> AppConfig:
    """Settings in a folder of this test's own, with the servers that the test asked for."""
    usual: dict[str, Any] = {
        "testing": True,
        "secret_key": secrets.token_hex(32),
        "database_url": database_url,
        "public_url": "http://localhost",
        "default_locale": "en",
        "time_zone": "UTC",
        "instance_dir": tmp_path,
        "var_dir": tmp_path / "var",
        "media_dir": tmp_path / "media",
        "password_method": CHEAP_PASSWORDS,
    }
    if "smtp" in request.fixturenames:
        server = request.getfixturevalue("smtp")
        usual["mail"] = MailServer(host="127.0.0.1", port=server.port, sender="news@example.org")
    if "redis_url" in request.fixturenames:
        usual["redis_url"] = request.getfixturevalue("redis_url")
    if "live_server" in request.fixturenames:
        usual["public_url"] = f"http://127.0.0.1:{request.getfixturevalue('web_socket').getsockname()[1]}"
    return lambda **overrides: Config(**(usual | overrides))


@pytest.fixture
def make_app(app_config: AppConfig) -> Iterator[Callable[..., Flask]]:
    """Builds apps with settings of the test's choice: `make_app(cache_enabled=False)`."""
    made: list[Flask] = []

    def build(**overrides: Any) -> Flask:
        made.append(create_app(app_config(**overrides)))
        made[-1].test_client_class = Browser
        return made[-1]

    yield build
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The app with the usual settings, no context pushed: a pushed one would be shared by all requests."""
    return make_app()


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The engine of the app's database."""
    with app.app_context():
        return db.engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session of the test's own, beside the app's. It is committed before each request of `web`."""
    with Session(engine) as own:
        yield own


@pytest.fixture
def web(app: Flask, request: pytest.FixtureRequest) -> FlaskClient:
    """A browser without a screen. What the test's `session` holds is there before a request reads it."""
    if "session" not in request.fixturenames:
        return app.test_client()
    session: Session = request.getfixturevalue("session")

    class CommittingClient(Browser):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            session.commit()  # or the request waits for the test's own write lock
            return super().open(*args, **kwargs)

    return CommittingClient(app, app.response_class)
