"""A list page asks the database as often for fifty rows as for one."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.models import User
from tests.support.world import make_client, make_mailing, make_message, make_run, make_suppression, make_tag


class Counter:
    """Counts the statements of one engine."""

    def __init__(self, engine: Engine) -> None:
        self.n = 0
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_facts: object) -> None:
        self.n += 1


def grow(session: Session, owner: User, n: int) -> None:
    for _ in range(n):
        tag = make_tag(session, owner)
        client = make_client(session, owner, tags=[tag])
        make_suppression(session, owner, client.email)
        mailing = make_mailing(session, owner, message=make_message(session, owner), tags=[tag], picked=[client])
        make_run(session, mailing)


@pytest.mark.parametrize("path", ["/clients/", "/suppressions/", "/messages/", "/mailings/"])
def test_the_number_of_queries_does_not_grow(
    app: Flask, engine: Engine, web: FlaskClient, session: Session, owner: User, path: str
) -> None:
    grow(session, owner, 1)
    web.get(path)
    counter = Counter(engine)

    def queries() -> int:
        before = counter.n
        assert web.get(path).status_code == 200
        return counter.n - before

    few = queries()
    grow(session, owner, 20)
    session.commit()
    assert queries() == few
