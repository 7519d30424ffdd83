"""What moderators do to people and their mailings. Each verb takes ids and touches all of them or none: one id that
is missing, staff, or one's own makes it NotFound. Verbs change rows and ask for letters; callers audit and commit."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from mailer.models import Mailing, User
from mailer.rules import schedule as rules
from mailer.rules.access import Role, is_staff
from mailer.rules.errors import Conflict, NotFound
from mailer.rules.lifecycle import Verb
from mailer.rules.outcome import SkipReason
from mailer.services import account_letters, mailings, oversight, planning, roles, runs, sign_ins
from mailer.services.account_letters import Kind

_Row = TypeVar("_Row")

MOST_AT_ONCE = 200


def judged_users(session: Session, by: User, ids: Sequence[int]) -> Sequence[User]:
    """These people, if `by` may judge every one of them: never staff, never oneself. Raises NotFound."""
    statement = oversight.users(by).where(oversight.ORDINARY, User.id != by.id, User.id.in_(set(ids)))
    return _all_of(ids, session.scalars(statement.order_by(User.id)).all())


def judged_mailings(session: Session, by: User, ids: Sequence[int]) -> Sequence[Mailing]:
    """These mailings, if every one of them is within sight. Raises NotFound."""
    statement = oversight.mailings(by).where(Mailing.id.in_(set(ids)))
    return _all_of(ids, session.scalars(statement.order_by(Mailing.id)).all())


def _all_of(ids: Sequence[int], found: Sequence[_Row]) -> Sequence[_Row]:
    if not found or len(found) != len(set(ids)) or len(found) > MOST_AT_ONCE:
        raise NotFound
    return found


def block(session: Session, people: Sequence[User], *, by: User, reason: str, now: datetime) -> list[User]:
    """End their sessions and open runs at once and tell them; who was blocked by this. Raises Conflict for nobody."""
    return _changed([one for one in people if _block(session, one, reason, now)])


def _block(session: Session, person: User, reason: str, now: datetime) -> bool:
    if not _set(session, person, User.blocked_at.is_(None), blocked_at=now, blocked_reason=reason):
        return False
    sign_ins.end_all(session, person.id)
    # nothing falls due while they are blocked, and nothing old is left to go out afterwards
    session.execute(
        update(Mailing)
        .where(Mailing.owner_id == person.id, Mailing.next_run_at.is_not(None))
        .values(next_run_at=None)
        .execution_options(synchronize_session=False)
    )
    runs.cancel_open_runs(session, SkipReason.OWNER_BLOCKED, owner_id=person.id, now=now)
    account_letters.ask(session, Kind.BLOCKED, email=person.email, user=person, now=now)
    return True


def unblock(session: Session, people: Sequence[User], *, by: User, reason: str, now: datetime) -> list[User]:
    """Let them in again; their mailings go on from now, nothing missed is sent. Raises Conflict for nobody."""
    return _changed([one for one in people if _unblock(session, one, now)])


def _unblock(session: Session, person: User, now: datetime) -> bool:
    if not _set(session, person, User.blocked_at.is_not(None), blocked_at=None, blocked_reason=""):
        return False
    for mailing in session.scalars(mailings.owned_by(person.id)):
        if not (mailing.is_draft or mailing.paused_at or mailing.stopped_at or mailing.disabled_at):
            sent_on = mailings.last_day(session, mailing)
            mailing.next_run_at = rules.next_run_at(mailings.schedule_of(mailing), now, sent_on=sent_on)
    return True


def trust(session: Session, people: Sequence[User], *, by: User, reason: str, now: datetime) -> list[User]:
    """Lift the daily limit of new users. Raises Conflict for nobody."""
    return _changed([one for one in people if _set(session, one, User.trusted_at.is_(None), trusted_at=now)])


def distrust(session: Session, people: Sequence[User], *, by: User, reason: str, now: datetime) -> list[User]:
    """Put the daily limit back. Raises Conflict for nobody."""
    return _changed([one for one in people if _set(session, one, User.trusted_at.is_not(None), trusted_at=None)])


def _set(session: Session, person: User, seen: ColumnElement[bool], **facts: object) -> bool:
    """Write `facts` if the row still fits what was seen; False when somebody else was quicker."""
    mark = update(User).where(User.id == person.id, seen, oversight.ORDINARY)
    done = session.execute(mark.values(**facts).execution_options(synchronize_session=False))
    session.expire(person, list(facts))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def switch_off(session: Session, plans: Sequence[Mailing], *, by: User, reason: str, now: datetime) -> list[Mailing]:
    """Send nothing more; open runs are held in the middle. The owners are told. Raises Conflict for nothing."""

    def off(mailing: Mailing) -> None:
        planning.disable(session, mailing, by=by, reason=reason, now=now)

    changed = _fitting(session, plans, Verb.DISABLE, off, now=now)
    for owner in {mailing.owner for mailing in changed}:
        account_letters.ask(session, Kind.MAILING_OFF, email=owner.email, user=owner, now=now)
    return changed


def switch_on(session: Session, plans: Sequence[Mailing], *, by: User, reason: str, now: datetime) -> list[Mailing]:
    """Let them go on where they stopped, if their time is not over. Raises Conflict for nothing."""

    def on(mailing: Mailing) -> None:
        planning.enable(session, mailing, now=now)
        if mailing.owner.blocked_at is not None:
            mailing.next_run_at = None  # unblocking the owner will compute it

    return _fitting(session, plans, Verb.ENABLE, on, now=now)


def _fitting(
    session: Session, plans: Sequence[Mailing], verb: Verb, act: Callable[[Mailing], None], *, now: datetime
) -> list[Mailing]:
    standings = mailings.standings(session, plans, now=now)
    fitting = [one.mailing for one in standings if verb in one.verbs]
    for mailing in fitting:
        act(mailing)
    return _changed(fitting)


def _changed(rows: list[_Row]) -> list[_Row]:
    if not rows:
        raise Conflict("status")
    return rows


def give_role(session: Session, person: User, role: Role, *, by: User, now: datetime) -> None:
    """Make somebody staff. Raises Conflict."""
    if not person.is_active or person.confirmed_at is None or not roles.grant(session, person, role, now=now, actor=by):
        raise Conflict("status")


def take_role(session: Session, person: User, role: Role, *, by: User, now: datetime) -> None:
    """Take a role; nobody takes their own, so that the last administrator cannot lock everybody out."""
    if person.id == by.id or not roles.revoke(session, person, role, now=now, actor=by):
        raise Conflict("status")


def is_judgeable(viewer: User, person: User) -> bool:
    """Whether the buttons stand beside this person."""
    return not is_staff(person.role_set) and person.id != viewer.id and person.deleted_at is None
