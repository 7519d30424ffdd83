"""The administrators' two rooms of records: the suppression lists of all owners, and the audit log. Read only."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Select, select

from mailer.admin.lists import Listed, Narrowings
from mailer.extensions import db
from mailer.models import AuditEntry, Suppression, SuppressionReason, User
from mailer.rules.access import Room
from mailer.web.deeds import deed


class Suppressions(Listed):
    """Who is never written to, by whom, and why."""

    room = Room.SUPPRESSIONS
    list_template = "admin/suppressions.html"
    column_list = column_sortable_list = ("id", "address")
    searched: ClassVar[Sequence[Any]] = (Suppression.address_key,)
    narrowings: ClassVar[Narrowings] = {
        "reason": {one.value: lambda one=one: Suppression.reason == one for one in SuppressionReason}  # type: ignore[misc]
    }

    def seen(self) -> Select[Any]:
        """All lists."""
        return select(Suppression)

    def page_facts(self, rows: Sequence[Any]) -> dict[str, Any]:
        """The owners' addresses."""
        return {"owners": _addresses({row.owner_id for row in rows})}


class Audit(Listed):
    """Who did what to whom, when, from where."""

    room = Room.AUDIT
    list_template = "admin/audit.html"
    column_list = column_sortable_list = ("id",)
    searched: ClassVar[Sequence[Any]] = (AuditEntry.actor, AuditEntry.verb, AuditEntry.reason, AuditEntry.detail)

    def seen(self) -> Select[Any]:
        """All of it."""
        return select(AuditEntry)

    def page_facts(self, rows: Sequence[Any]) -> dict[str, Any]:
        """The addresses of the people concerned, and what deeds are called."""
        return {"owners": _addresses({row.user_id for row in rows if row.user_id}), "deed": deed}


def _addresses(ids: set[int]) -> dict[int, str]:
    statement = select(User.id, User.email).where(User.id.in_(ids))
    return dict(db.session.execute(statement).all())
