"""Addresses that nobody's page made: they are missing pages or plain searches, never a broken service."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from mailer.models import User, UserRole
from mailer.rules.access import Role
from tests.support.people import sign_in
from tests.support.world import NOW, make_user

SEARCHES = (
    "/clients/?q=",
    "/clients/?tag=",
    "/clients/search?q=",
    "/messages/?q=",
    "/mailings/?q=",
    "/suppressions/?q=",
    "/reports/attempts?q=",
    "/reports/attempts.csv?q=",
    "/admin/users/?q=",
)


@pytest.fixture
def admin(session: Session, web: FlaskClient) -> User:
    """Who may come everywhere."""
    user = make_user(session)
    session.add(UserRole(user_id=user.id, role=Role.ADMIN, granted_at=NOW))
    sign_in(web, user)
    return user


def rules_with_arguments(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.arguments and "GET" in (rule.methods or ()) and rule.endpoint != "static":
            yield rule


def filled(rule: Rule, value: str) -> str:
    return re.sub(r"<[^>]+>", value, str(rule))


@pytest.mark.both_databases
@pytest.mark.parametrize("value", ["9" * 19, "9" * 30, "9" * 5000, "%00", "a%00b"], ids=lambda value: value[:20])
@pytest.mark.usefixtures("admin")
def test_what_cannot_be_an_id_or_a_name_is_a_missing_page(app: Flask, web: FlaskClient, value: str) -> None:
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    broken = []
    for rule in rules_with_arguments(app):
        answer = web.get(filled(rule, value))
        answer.close()
        is_dead_link = answer.status_code == 400 and "token" in rule.arguments
        if answer.status_code != 404 and not is_dead_link:
            broken.append(f"{rule} {answer.status_code}")
    assert broken == []


@pytest.mark.both_databases
@pytest.mark.usefixtures("admin")
def test_a_search_does_without_nul(app: Flask, web: FlaskClient) -> None:
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    answers = {start: web.get(f"{start}a%00b") for start in SEARCHES}
    assert {start: answer.status_code for start, answer in answers.items()} == dict.fromkeys(SEARCHES, 200)
    assert 'value="ab"' in answers["/clients/?q="].get_data(as_text=True)
