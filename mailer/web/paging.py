"""Pages of a list, read from `?page=` and never wrong: a page beyond the end shows the last one."""

from typing import Any

from flask import request
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select

from mailer.extensions import db

PER_PAGE = 25


def page_of(statement: Select[Any], *, per_page: int = PER_PAGE) -> Pagination:
    """The page of `statement` that the request asks for."""
    raw = request.args.get("page", "1")
    wanted = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 1
    found = db.paginate(statement, page=max(wanted, 1), per_page=per_page, error_out=False)
    if not found.items and found.pages:
        return db.paginate(statement, page=found.pages, per_page=per_page, error_out=False)
    return found
