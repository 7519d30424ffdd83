"""No time in a table stands without its zone: not on a desk, where the head names it, nor on a phone, where the cell's
own label does. The pages are those of the URL map."""

import re
from collections.abc import Callable, Iterator
from zoneinfo import available_timezones

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.auth.matrix import World
from tests.interface.bookshop import furnish
from tests.interface.pages import browser_of, pages_of

TIME = re.compile(r"\b\d\d:\d\d\b")
TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd]\b([^>]*)>(.*?)</t[hd]>", re.DOTALL)
NAME = re.compile(r"\(([\w/+-]+)\)")
STACK = re.compile(r'<table class="[^"]*\bstack\b')
ZONE = "Asia/Kolkata"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """In development, so that the local inbox is among the pages."""
    return make_app(development=True, time_zone=ZONE)


@pytest.fixture
def world(app: Flask, session: Session) -> World:
    """Everybody in one zone, which no mailing has."""
    built = furnish(app, session)
    for person in built.people.values():
        if person:
            person.time_zone = ZONE
    session.commit()
    return built


def cells_with_a_time(html: str) -> Iterator[tuple[str, str, str, bool]]:
    """Of every such cell: its head, its attributes, its content, and whether it is its own line on a phone."""
    for table in TABLE.findall(html):
        head, *rows = ROW.findall(table)
        labels = [content for _attributes, content in CELL.findall(head)]
        for row in rows:
            for label, (attributes, content) in zip(labels, CELL.findall(row), strict=False):
                if TIME.search(content):
                    yield label, attributes, content, STACK.match(table) is not None


@pytest.mark.parametrize("person", ["visitor", "owner", "admin"])
def test_every_time_in_a_table_has_its_zone(app: Flask, world: World, person: str) -> None:
    found, bare = 0, []
    for page in pages_of(app, world, browser_of(app, world, person)):
        for head, attributes, content, is_stacked in cells_with_a_time(page.html):
            found += 1
            names_its_own = set(NAME.findall(content)) & available_timezones()
            if not names_its_own and not (ZONE in head and (ZONE in attributes or not is_stacked)):
                bare.append(f"{page.path}: {content.strip()}")
    assert bare == []
    assert found
