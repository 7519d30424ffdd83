"""Who may do what in the moderators' panel."""

import pytest

from mailer.rules import access
from mailer.rules.access import Role, Room

MAIL_ROOMS = {Room.DASHBOARD, Room.USERS, Room.MAILINGS, Room.MESSAGES, Room.LOG}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param(set(), set(), id="a plain user sees no room"),
        pytest.param({"mail-moderator"}, MAIL_ROOMS, id="a mail moderator"),
        pytest.param({"blog-moderator"}, {Room.POSTS}, id="a blog moderator"),
        pytest.param({"mail-moderator", "blog-moderator"}, MAIL_ROOMS | {Room.POSTS}, id="both"),
        pytest.param({"admin"}, set(Room), id="an admin sees all"),
        pytest.param({"Admin", "root", ""}, set(), id="what is no role opens nothing"),
        pytest.param([Role.BLOG_MODERATOR], {Room.POSTS}, id="roles as enum members"),
    ],
)
def test_roles_open_rooms(roles: set[str], expected: set[Room]) -> None:
    assert access.rooms(roles) == expected
    assert {room for room in Room if access.may_enter(room, roles)} == expected


@pytest.mark.parametrize(
    ("roles", "staff", "mail", "blog", "all_of_it"),
    [
        pytest.param(set(), False, False, False, False, id="a plain user"),
        pytest.param({"mail-moderator"}, True, True, False, False, id="a mail moderator"),
        pytest.param({"blog-moderator"}, True, False, True, False, id="a blog moderator"),
        pytest.param({"admin"}, True, True, True, True, id="an admin"),
        pytest.param({"administrator"}, False, False, False, False, id="no role of ours"),
    ],
)
def test_roles_allow(*, roles: set[str], staff: bool, mail: bool, blog: bool, all_of_it: bool) -> None:
    assert access.is_staff(roles) is staff
    assert access.may_moderate_mail(roles) is mail
    assert access.may_moderate_blog(roles) is blog
    assert access.may_administer(roles) is all_of_it
