"""What is wrong is named in the order in which the page asks for it. The forms are those of the URL map."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.interface.bookshop import furnish
from tests.interface.pages import browser_of
from tests.interface.refusals import add_broken_doors, refusals_of
from tests.support.people import post

NAMED = re.compile(r'<li><a href="#([^"]+)">')
FIELD = re.compile(r'<(?:input|select|textarea|fieldset)\b[^>]*\bid="([^"]+)"')


@pytest.mark.parametrize("person", ["visitor", "owner", "admin"])
def test_errors_are_named_in_the_order_of_the_fields(app: Flask, session: Session, person: str) -> None:
    add_broken_doors(app)
    found, wrong = 0, []
    world = furnish(app, session)
    for page in refusals_of(app, world, browser_of(app, world, person)):
        named = NAMED.findall(page.html)
        found += len(named) > 1
        fields = [one for one in FIELD.findall(page.html) if one in named]
        if named != fields:
            wrong.append(f"{page.path}: {named} for {fields}")
    assert wrong == []
    assert found


def test_sign_up_names_the_password_before_its_repetition(web: FlaskClient) -> None:
    page = post(web, "/auth/register", email="", password="short", password2="other").text
    assert NAMED.findall(page) == ["email", "password", "password2"]
