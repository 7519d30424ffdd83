"""GET and HEAD read: their transactions take no write lock on SQLite. Everything else may write."""

from flask import Flask, request

from mailer import orm
from mailer.extensions import db

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Choose the transaction mode before each request and give it back after."""
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    db.session.rollback()  # a transaction begun before this line would have the wrong mode
    orm.read_only(request.method in SAFE_METHODS)


def _end(_error: BaseException | None) -> None:
    orm.read_only(False)
