"""A list asks the database as often for fifty rows as for one; pages follow one another; nothing is counted."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.models import User
from tests.admin.conftest import make_staff, make_world
from tests.pages.test_query_counts import Counter
from tests.support.people import sign_in
from tests.support.world import make_user

LISTS = ("users", "mailings", "messages", "log", "posts", "staff", "suppressions", "audit")


@pytest.mark.parametrize("room", LISTS)
def test_the_number_of_queries_does_not_grow(
    web: FlaskClient, session: Session, engine: Engine, admin: User, room: str
) -> None:
    make_world(session, make_user(session))
    sign_in(web, admin)
    counter = Counter(engine)

    def queries() -> int:
        web.get(f"/admin/{room}/")
        before = counter.n
        assert web.get(f"/admin/{room}/").status_code == 200
        return counter.n - before

    few = queries()
    for n in range(20):
        make_world(session, make_user(session))
        make_staff(session, "blog-moderator", f"staff{n}@example.org")  # type: ignore[arg-type]
    session.commit()
    assert queries() == few


def test_a_list_is_paged_and_sorted(web: FlaskClient, session: Session, moderator: User) -> None:
    for n in range(30):
        make_user(session, email=f"user{n:02}@example.org")
    sign_in(web, moderator)
    first, second = (web.get(f"/admin/users/?page={page}&sort=1").text for page in (0, 1))
    assert ("user00@example.org" in first, "user29@example.org" in first) == (True, False)
    assert ("user00@example.org" in second, "user29@example.org" in second) == (False, True)
    assert 'rel="next"' in first
    assert 'rel="next"' not in second
    backwards = web.get("/admin/users/?sort=1&desc=1").text
    assert backwards.index("user29@") < backwards.index("user28@")


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "query",
    ["page=-5", "page=99999999999999999999", "sort=99", "sort=-1", "q=%00%25_\\'", "state=nonsense", "desc=x&sort=y"],
)
def test_odd_queries_do_no_harm(web: FlaskClient, moderator: User, query: str) -> None:
    sign_in(web, moderator)
    for room in ("users", "mailings", "messages"):
        assert web.get(f"/admin/{room}/?{query}").status_code == 200


def test_people_are_found_by_any_part_in_any_case(web: FlaskClient, session: Session, moderator: User) -> None:
    make_user(session, email="petrov@example.org", first_name="Пётр", last_name="Петров")
    make_user(session, email="other@example.org", first_name="Анна", last_name="Иванова")
    sign_in(web, moderator)
    for q in ("PETROV@", "петров", "Пётр"):
        page = web.get(f"/admin/users/?q={q}").text
        assert ("petrov@example.org" in page, "other@example.org" in page) == (True, False), q
