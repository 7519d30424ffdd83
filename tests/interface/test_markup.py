"""Every page is good HTML, in Russian; and none is forgotten."""

from pathlib import Path

import pytest
from flask import Flask

from tests.auth import matrix
from tests.auth.matrix import World
from tests.interface.pages import PEOPLE, Seen, browser_of, endpoints_of, pages_of
from tests.interface.tools import complaints_about
from tests.support.people import csrf_token


@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_is_good_html(app: Flask, world: World, tmp_path: Path, person: str) -> None:
    web = browser_of(app, world, person, language="ru")
    pages = list(pages_of(app, world, web))
    assert len(pages) > 8
    assert complaints_about(pages, tmp_path) == []


def test_a_form_that_comes_back_is_good_html(app: Flask, world: World, tmp_path: Path) -> None:
    pages = []
    for person in PEOPLE:
        web = browser_of(app, world, person)
        token = csrf_token(web)
        for rule, _method in matrix.routes(app, ("POST",)):
            if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("delete"):
                continue
            path = matrix.path_of(app, rule, world)
            answer = web.post(path, data={"csrf_token": token})
            if answer.status_code == 422:
                pages.append(Seen(rule.endpoint, f"POST {path}", answer.get_data(as_text=True)))
    assert len(pages) > 8
    assert complaints_about(pages, tmp_path) == []


def test_every_address_is_a_page_for_somebody_or_known_to_be_none(app: Flask, world: World) -> None:
    seen = {page.endpoint for person in PEOPLE for page in pages_of(app, world, browser_of(app, world, person))}
    assert endpoints_of(app) - seen == set()
