"""Giving and taking roles. Whoever's role changes must sign in again: an old session never carries new power."""

from datetime import datetime

from sqlalchemy.orm import Session

from mailer.models import User, UserRole
from mailer.rules.access import Role
from mailer.services import audit, sign_ins


def grant(session: Session, user: User, role: Role, *, now: datetime, actor: audit.Actor, keep: str = "") -> bool:
    """Give a role; False when they have it already. `keep` is the hash of the session that may go on."""
    if role in user.role_set:
        return False
    user.roles.append(UserRole(role=role, granted_at=now))
    if role is Role.ADMIN and user.trusted_at is None:
        user.trusted_at = now  # an administrator needs nobody's trust to write to many
    _changed(session, user, role, verb="role.grant", now=now, actor=actor, keep=keep)
    return True


def revoke(session: Session, user: User, role: Role, *, now: datetime, actor: audit.Actor, keep: str = "") -> bool:
    """Take a role; False when they do not have it."""
    held = next((row for row in user.roles if row.role == role), None)
    if held is None:
        return False
    user.roles.remove(held)
    _changed(session, user, role, verb="role.revoke", now=now, actor=actor, keep=keep)
    return True


def _changed(
    session: Session, user: User, role: Role, *, verb: str, now: datetime, actor: audit.Actor, keep: str
) -> None:
    sign_ins.end_all(session, user.id, keep=keep)
    audit.record(session, verb, now=now, actor=actor, user_id=user.id, detail=role)
