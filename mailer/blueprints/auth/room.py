"""The blueprint that the account pages hang on, and its two own error pages."""

from flask import Blueprint, Response, make_response, render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.extensions import db
from mailer.rules.errors import TokenExpired, TooMany
from mailer.web import errors

auth = Blueprint("auth", __name__, url_prefix="/auth")


@auth.errorhandler(TokenExpired)
def dead_link(_error: TokenExpired) -> Response:
    """A link that is used up, too old or no link at all: how to get a new one."""
    db.session.rollback()
    return make_response(render_template("auth/dead_link.html"), 400)


@auth.errorhandler(TooMany)
def too_many(error: TooMany) -> Response:
    """Say when to come back."""
    db.session.rollback()
    response = errors.page(429, text=_wait(error.retry_after_s))
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _wait(seconds: int) -> str:
    if seconds <= 60:
        when = ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", seconds)
    elif seconds <= 5400:
        when = ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", -(-seconds // 60))
    else:
        when = ngettext("Try again in %(num)s hour.", "Try again in %(num)s hours.", -(-seconds // 3600))
    return _("There were too many tries.") + " " + when
