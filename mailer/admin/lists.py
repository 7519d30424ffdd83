"""What the rooms with a list share, on top of Flask-Admin's model view: search, filters, order and pages without
counting. A room says what may be seen and how it is narrowed; its template says how a row looks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from flask_login import current_user
from sqlalchemy import ColumnElement, Select, or_

from mailer.admin.walls import Walled
from mailer.extensions import db
from mailer.models import User
from mailer.services.clients import like

LAST_PAGE = 100_000
Narrowings = Mapping[str, Mapping[str, Callable[[], ColumnElement[bool]]]]


class Listed(Walled, ModelView):
    """A list that can be searched (`?q=`), narrowed, sorted and paged; nothing in it can be edited."""

    doors: ClassVar[frozenset[str]] = frozenset({"index_view"})
    can_create = can_edit = can_delete = False
    simple_list_pager = True
    page_size = 25
    column_auto_select_related = False
    searched: ClassVar[Sequence[Any]] = ()
    narrowings: ClassVar[Narrowings] = {}

    def __init__(self, model: Any, **facts: Any) -> None:
        """`facts` as Flask-Admin takes them."""
        super().__init__(model, db, **facts)

    def scaffold_form(self) -> Any:
        """No form: there is nothing to edit, and none is built."""
        return BaseForm

    def seen(self) -> Select[Any]:
        """What the reader may see; every list begins here."""
        raise NotImplementedError

    def page_facts(self, rows: Sequence[Any]) -> dict[str, Any]:
        """What the template needs beside these rows, in a number of statements that does not depend on them."""
        return {}

    def get_list(  # noqa: PLR0917 - Flask-Admin's own signature
        self,
        page: int | None,
        sort_column: str | None,
        sort_desc: bool,
        search: str | None,
        filters: Any,
        execute: bool = True,
        page_size: int | None = None,
    ) -> tuple[None, Sequence[Any]]:
        """One page; one row more is asked for, to know whether another page follows."""
        size = self.page_size
        start = min(max(page or 0, 0), LAST_PAGE) * size
        statement = self._ordered(self._narrowed(self.seen()), sort_column, bool(sort_desc))
        rows = db.session.scalars(statement.limit(size + 1).offset(start)).all()
        shown = rows[:size]
        self._template_args.update(has_next=len(rows) > size, q=_asked(), facts=self.page_facts(shown))
        return None, shown

    def _narrowed(self, statement: Select[Any]) -> Select[Any]:
        if q := _asked():
            # both databases fold Latin letters by themselves
            spellings = [q] if q.isascii() else sorted({q, q.lower(), q.upper(), q.title()})
            statement = statement.where(or_(*(like(column, word) for column in self.searched for word in spellings)))
        for name, choices in self.narrowings.items():
            condition = choices.get(request.args.get(name, ""))
            statement = statement if condition is None else statement.where(condition())
        return statement

    def _ordered(self, statement: Select[Any], name: str | None, is_descending: bool) -> Select[Any]:
        newest_first = self.model.id.desc()
        if name is None:
            return statement.order_by(newest_first)
        column = getattr(self.model, name)
        # the same order on both databases: who has no value comes last
        return statement.order_by((column.desc() if is_descending else column).nulls_last(), newest_first)


def reader() -> User:
    """The moderator behind this request."""
    person: User = current_user._get_current_object()
    return person


def _asked() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()[:200]
