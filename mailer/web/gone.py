"""What was typed for something that is gone by now is not lost: it comes back as the form of a new one."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from flask import Response, request

from mailer.extensions import db
from mailer.rules.errors import NotFound

_Ids = ParamSpec("_Ids")
_View = Callable[_Ids, Response]


def or_as_new(form_page: Callable[[], Response]) -> Callable[[_View[_Ids]], _View[_Ids]]:
    """Around a view that changes something; `form_page` shows what was posted as the form of a new one.

    The answer stays 404, and is the same for what was deleted and for what never was one's own.
    """

    def around(view: _View[_Ids]) -> _View[_Ids]:
        @wraps(view)
        def change(*args: _Ids.args, **kwargs: _Ids.kwargs) -> Response:
            try:
                return view(*args, **kwargs)
            except NotFound:
                if request.method != "POST":
                    raise
            db.session.rollback()
            page = form_page()
            page.status_code = HTTPStatus.NOT_FOUND
            return page

        return change

    return around
