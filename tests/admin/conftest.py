"""One of each kind of staff, and an ordinary owner with a mailing, a run that was sent, and a suppression."""

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from mailer.models import Attempt, AuditEntry, Mailing, Post, Run, User, UserRole
from mailer.rules.access import Role
from mailer.rules.outcome import Outcome
from tests.support.world import NOW, make_clients, make_mailing, make_run, make_suppression, make_user


def make_staff(session: Session, role: Role, email: str) -> User:
    """Somebody with this role."""
    person = make_user(session, email=email)
    session.add(UserRole(user_id=person.id, role=role, granted_at=NOW))
    session.flush()
    session.expire(person, ["roles"])
    return person


@pytest.fixture
def moderator(session: Session) -> User:
    """Looks after mailings."""
    return make_staff(session, Role.MAIL_MODERATOR, "moderator@example.org")


@pytest.fixture
def blogger(session: Session) -> User:
    """Looks after the blog."""
    return make_staff(session, Role.BLOG_MODERATOR, "blogger@example.org")


@pytest.fixture
def admin(session: Session) -> User:
    """Has every room."""
    return make_staff(session, Role.ADMIN, "admin@example.org")


@dataclass
class World:
    """An owner's things, and by id what the panel shows of them."""

    owner: User
    mailing: Mailing
    run: Run


def make_world(session: Session, owner: User) -> World:
    """A mailing with a sent run of two letters, one of them refused, and one of everything else."""
    mailing = make_mailing(session, owner)
    clients = make_clients(session, owner, 2)
    run = make_run(session, mailing, total=2, accepted=1, refused=1)
    for client_id, outcome, code in zip(clients, (Outcome.ACCEPTED, Outcome.REFUSED), (250, 550), strict=True):
        row = {"address": f"{outcome}@example.org", "reply_code": code, "reply_text": "words"}
        session.add(Attempt(run_id=run.id, client_id=client_id, number=1, started_at=NOW, outcome=outcome, **row))
    make_suppression(session, owner, f"gone{run.id}@example.org")
    session.add(AuditEntry(at=NOW, verb="session.start", actor=owner.email, user_id=owner.id))
    facts = {
        "title": f"Post {run.id}",
        "slug": f"post-{run.id}",
        "content": "words",
        "created_at": NOW,
        "updated_at": NOW,
    }
    session.add(Post(author_id=owner.id, **facts))
    session.flush()
    return World(owner, mailing, run)


@pytest.fixture
def world(session: Session) -> World:
    """An ordinary owner's."""
    return make_world(session, make_user(session, email="owner@example.org"))
