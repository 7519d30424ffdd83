"""A database whose host vanishes without a word is given up in time, not after the kernel's hours."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailer.extensions import db
from mailer.orm import POSTGRES_PATIENCE, connect_args

on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


def said_to_the_driver(app: Flask) -> dict[str, str]:
    """What libpq was told of this app's connections."""
    with app.app_context(), db.engine.connect() as connection:
        known = connection.connection.driver_connection
        assert known is not None
        return {name: value for name, value in known.info.get_parameters().items() if name in POSTGRES_PATIENCE}


@on_postgres
def test_the_driver_is_told_how_long_to_wait(app: Flask) -> None:
    told = said_to_the_driver(app)
    assert told["tcp_user_timeout"] == "30000"
    silence_s = int(told["keepalives_idle"]) + int(told["keepalives_interval"]) * int(told["keepalives_count"])
    assert silence_s == 30
    assert told["connect_timeout"] == "10"


@on_postgres
def test_what_the_address_says_goes_before(make_app: Callable[..., Flask], database_url: str) -> None:
    sep = "&" if "?" in database_url else "?"
    told = said_to_the_driver(make_app(database_url=f"{database_url}{sep}connect_timeout=3&keepalives_idle=60"))
    assert (told["connect_timeout"], told["keepalives_idle"], told["keepalives_count"]) == ("3", "60", "4")


def test_sqlite_is_told_nothing(sqlite_url: str) -> None:
    assert connect_args(sqlite_url) == {}
