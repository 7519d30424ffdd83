"""Each role finds its own rooms and nothing else; what is not theirs looks like what does not exist."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.models import User
from mailer.rules.access import ROOMS, Role, Room
from tests.admin.conftest import World, make_staff, make_world
from tests.support.people import post, sign_in
from tests.support.world import make_user

# endpoint of a room → the room; what each of its views needs in the address
ROOM_OF = {
    "admin_users": Room.USERS,
    "admin_mailings": Room.MAILINGS,
    "admin_messages": Room.MESSAGES,
    "admin_log": Room.LOG,
    "admin_posts": Room.POSTS,
    "admin_staff": Room.ROLES,
    "admin_suppressions": Room.SUPPRESSIONS,
    "admin_audit": Room.AUDIT,
}
OPEN = {
    "/admin/users/",
    "/admin/users/{user}",
    "/admin/users/block?id={user}",
    "/admin/mailings/",
    "/admin/mailings/{mailing}",
    "/admin/mailings/off?id={mailing}",
    "/admin/messages/",
    "/admin/messages/{message}",
    "/admin/messages/{message}/preview",
    "/admin/log/",
    "/admin/posts/",
    "/admin/staff/",
    "/admin/staff/give",
    "/admin/suppressions/",
    "/admin/audit/",
}


def addresses(world: World) -> dict[str, Room]:
    """Every page of the panel, filled in with the owner's things, and its room."""
    facts = {"user": world.owner.id, "mailing": world.mailing.id, "message": world.mailing.message_id}
    return {path.format(**facts): ROOM_OF["admin_" + path.split("/")[2]] for path in OPEN}


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_finds_its_rooms_and_nothing_else(
    web: FlaskClient, session: Session, world: World, role: Role | None
) -> None:
    person = make_staff(session, role, "staff@example.org") if role else make_user(session)
    pages = addresses(world)
    sign_in(web, person)
    found = {path: web.get(path).status_code for path in pages}
    may = ROOMS[role] if role else frozenset()
    assert found == {path: 200 if room in may else 404 for path, room in pages.items()}


def test_a_visitor_is_asked_to_sign_in(web: FlaskClient, session: Session, world: World) -> None:
    for path in [*addresses(world), "/admin/"]:
        response = web.get(path)
        assert (response.status_code, "/auth/login" in response.location) == (303, True), path


def test_the_first_page_leads_everybody_where_they_belong(
    web: FlaskClient, moderator: User, blogger: User, world: World
) -> None:
    sign_in(web, moderator)
    assert web.get("/admin/").status_code == 200
    sign_in(web, blogger)
    assert web.get("/admin/").location.endswith("/admin/posts/")
    sign_in(web, world.owner)
    assert web.get("/admin/").status_code == 404


def test_nothing_that_flask_admin_brings_along_is_open(app: Flask, web: FlaskClient, admin: User) -> None:
    sign_in(web, admin)
    ours = {"index_view", "index", "person", "judge", "plan", "release", "message", "preview", "give", "take"}
    closed = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("admin_") and rule.endpoint.partition(".")[2] not in ours
    ]
    assert len(closed) > 20
    for rule in closed:
        path = rule.rule.replace("<export_type>", "csv") + "?id=1"
        answers = {web.get(path).status_code, post(web, path, id="1", rowid="1", action="delete").status_code}
        assert answers <= {404, 405}, path


def test_staff_is_nowhere_for_a_moderator_of_mail(
    web: FlaskClient, session: Session, moderator: User, admin: User
) -> None:
    theirs = make_world(session, admin)
    pages = addresses(theirs)
    run_id = theirs.run.id
    sign_in(web, moderator)
    lists = ("/admin/users/", "/admin/mailings/", "/admin/messages/", "/admin/log/")
    for path in [*lists, *(f"{path}?q=admin%40exam&state=trusted" for path in lists)]:
        assert "admin@example.org" not in web.get(path).text, path
    for path in pages:
        if path not in lists:
            assert web.get(path).status_code == 404, path
    assert "accepted@example.org" not in web.get(f"/admin/log/?run={run_id}").text
    assert "accepted@example.org" not in web.get("/admin/log/?owner=admin@example.org").text
    assert web.get(f"/admin/mailings/runs/{run_id}/release").status_code == 404


def test_an_administrator_sees_staff_but_cannot_judge_it(
    web: FlaskClient, session: Session, admin: User, moderator: User
) -> None:
    ids = (moderator.id, admin.id)
    sign_in(web, admin)
    assert "moderator@example.org" in web.get("/admin/users/").text
    for user_id in ids:
        assert web.get(f"/admin/users/{user_id}").status_code == 200
        assert post(web, "/admin/users/block", id=user_id, reason="no").status_code == 404


@pytest.mark.parametrize("ids", [["0"], ["x"], ["99999999999999999999"], ["-1"]])
def test_ids_of_nothing_answer_like_walls(web: FlaskClient, moderator: User, ids: list[str]) -> None:
    sign_in(web, moderator)
    for path in ("/admin/users/block", "/admin/mailings/off"):
        assert post(web, path, {"id": ids}, reason="spam").status_code == 404


@pytest.mark.parametrize("path", ["/admin/users/block", "/admin/mailings/off", "/admin/posts/hide"])
def test_a_verb_with_nothing_ticked_leads_back_to_the_list(web: FlaskClient, admin: User, path: str) -> None:
    sign_in(web, admin)
    room = path.rpartition("/")[0] + "/"
    pressed, posted = web.get(f"{path}?q="), post(web, path, reason="Spam")
    assert [(one.status_code, one.location) for one in (pressed, posted)] == [(303, room), (303, room)]
    assert "Choose at least one first." in web.get(room).text
