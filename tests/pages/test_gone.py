"""What was typed for something that was deleted meanwhile comes back as the form of a new one."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.models import Client, Mailing, Message, User
from tests.pages.shared_forms import KINDS, Kind
from tests.pages.test_meanwhile import opened
from tests.support.people import csrf_token, post
from tests.support.world import make_user

SENTENCE = "What you wrote is still here, as a new "


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the forms in turn."""
    found: Kind = request.param
    return found


def newest(session: Session, kind: Kind) -> Client | Message | Mailing:
    session.rollback()
    found = session.query(kind.model).order_by(kind.model.id.desc()).first()
    assert found is not None
    return found


@pytest.mark.both_databases
def test_what_was_typed_can_be_saved_as_a_new_one(
    web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, owner)
    path, told, row_id = kind.path(row.id), kind.told(row), row.id
    session.commit()
    mine = {**told, **opened(web, path), kind.field: "What I wrote"}
    session.execute(delete(kind.model).where(kind.model.id == row_id))
    session.commit()
    answer = post(web, f"{path}/edit", mine)
    assert answer.status_code == 404
    assert f"There is no such {kind.room[:-1]} any more. {SENTENCE}{kind.room[:-1]}." in answer.text
    assert "What I wrote" in answer.text
    assert f'action="/{kind.room}/create"' in answer.text
    assert 'name="seen"' not in answer.text
    assert path not in answer.text
    assert post(web, f"/{kind.room}/create", mine).status_code == 303
    assert getattr(newest(session, kind), kind.field) == "What I wrote"


def test_a_mailing_comes_back_as_a_draft(web: FlaskClient, session: Session, owner: User) -> None:
    kind = KINDS["mailing"]
    told = kind.told(kind.make(session, owner))
    session.commit()
    answer = post(web, "/mailings/4711/edit", told)
    assert answer.status_code == 404
    assert re.search(r'<input[^>]*checked[^>]*name="draft"', answer.text)


def test_mistakes_are_said_beside_their_fields_too(web: FlaskClient, owner: User, kind: Kind) -> None:
    answer = post(web, f"/{kind.room}/4711/edit", {kind.field: "\0"})
    assert answer.status_code == 404
    assert SENTENCE in answer.text
    assert f'id="{kind.field}-error"' in answer.text


def test_somebody_elses_looks_like_one_that_never_was(
    web: FlaskClient, session: Session, owner: User, kind: Kind
) -> None:
    row = kind.make(session, make_user(session))
    told, row_id, before = kind.told(row), row.id, getattr(row, kind.field)
    session.commit()
    asked = {"csrf_token": csrf_token(web), **told, kind.field: "What I wrote"}
    theirs, nobodys = (web.post(f"/{kind.room}/{one}/edit", data=asked) for one in (row_id, row_id + 1))
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert _alike(theirs.text) == _alike(nobodys.text)
    assert kind.value(session, row_id) == before


def test_a_gone_one_that_is_only_asked_for_is_a_plain_404(web: FlaskClient, owner: User, kind: Kind) -> None:
    answer = web.get(f"/{kind.room}/4711/edit")
    assert answer.status_code == 404
    assert "<form" not in answer.text.partition("<main")[2].partition("</main")[0]


def _alike(page: str) -> str:
    """The page without what is new in each answer."""
    return re.sub(r'(nonce|value|content)="[^"]*"|/\d+/edit|\d+ ms', "", page)
