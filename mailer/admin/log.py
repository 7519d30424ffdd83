"""The room of the log: every attempt across owners, read only, by key and never by counting."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from mailer.admin.lists import reader
from mailer.admin.walls import Walled, door
from mailer.admin.words import skip_words
from mailer.extensions import db
from mailer.models import User
from mailer.rules.access import Room
from mailer.rules.outcome import Outcome
from mailer.services import addresses, oversight, whole_log
from mailer.services.attempts import Place

NOBODY = 0


class Log(Walled):
    """One page of the log, narrowed by outcome, reply code, owner, run and days."""

    room = Room.LOG
    doors = frozenset({"index_view"})

    @door("/")
    def index_view(self) -> str:
        """Newest run first."""
        asked = Asked.of(request.args)
        before = Place.read(request.args.get("after", ""))
        found = whole_log.page(db.session(), reader(), asked.wanted(db.session(), reader()), before)
        page: str = self.render("admin/log.html", found=found, asked=asked, skip_words=skip_words)
        return page


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the address; what cannot be read narrows nothing."""

    outcome: Outcome | None
    code: int | None
    owner: str
    run_id: int | None
    since: date | None
    until: date | None

    @classmethod
    def of(cls, args: Any) -> "Asked":
        """Read them from the query."""
        outcome = args.get("outcome", "")
        return cls(
            outcome=Outcome(outcome) if outcome in list(Outcome) else None,
            code=_number(args.get("code", ""), digits=3),
            owner=args.get("owner", "").replace("\x00", "").strip()[:254],
            run_id=_number(args.get("run", ""), digits=18),
            since=_day(args.get("since", "")),
            until=_day(args.get("until", "")),
        )

    def wanted(self, session: Session, viewer: User) -> whole_log.Wanted:
        """The same with the owner's id; an address of nobody within sight finds nothing."""
        owner_id = _owner_id(session, viewer, self.owner) if self.owner else None
        return whole_log.Wanted(self.outcome, self.code, owner_id, self.run_id, self.since, self.until)


def _owner_id(session: Session, viewer: User, owner: str) -> int:
    address = addresses.read(owner)
    if address is None:
        return NOBODY
    one = oversight.users(viewer).with_only_columns(User.id).where(User.email_key == address.key)
    return session.scalar(one) or NOBODY


def _number(raw: str, *, digits: int) -> int | None:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= digits else None


def _day(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None
