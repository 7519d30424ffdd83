"""Roles and what they open. An owner's own things are not decided here: ownership starts every query."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """Given by `flask user grant` or by an admin; a plain user has none."""

    MAIL_MODERATOR = "mail-moderator"
    BLOG_MODERATOR = "blog-moderator"
    ADMIN = "admin"


class Room(StrEnum):
    """A part of the moderators' panel."""

    DASHBOARD = "dashboard"
    USERS = "users"
    MAILINGS = "mailings"
    MESSAGES = "messages"
    LOG = "log"
    POSTS = "posts"
    ROLES = "roles"
    SUPPRESSIONS = "suppressions"
    AUDIT = "audit"


ROOMS: dict[Role, frozenset[Room]] = {
    Role.MAIL_MODERATOR: frozenset({Room.DASHBOARD, Room.USERS, Room.MAILINGS, Room.MESSAGES, Room.LOG}),
    Role.BLOG_MODERATOR: frozenset({Room.POSTS}),
    Role.ADMIN: frozenset(Room),
}


def rooms(roles: Collection[str]) -> frozenset[Room]:
    """Every room that at least one of these roles opens; names that are no role open nothing."""
    return frozenset[Room]().union(*(ROOMS[role] for role in Role if role in roles))


def may_enter(room: Room, roles: Collection[str]) -> bool:
    """Whether this room is shown at all; a closed room answers like a missing one."""
    return room in rooms(roles)


def is_staff(roles: Collection[str]) -> bool:
    """Staff are untouchable for moderators: never listed, searched, exported or blocked."""
    return any(role in roles for role in Role)


def may_moderate_mail(roles: Collection[str]) -> bool:
    """Block users, switch mailings off and on, read messages and the log of all owners."""
    return Role.MAIL_MODERATOR in roles or Role.ADMIN in roles


def may_moderate_blog(roles: Collection[str]) -> bool:
    """Write, publish, hide and delete posts."""
    return Role.BLOG_MODERATOR in roles or Role.ADMIN in roles


def may_administer(roles: Collection[str]) -> bool:
    """Give and take roles, see the audit log."""
    return Role.ADMIN in roles
