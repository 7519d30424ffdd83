"""One handler for every error: class → status → one page in the site's look, with no trace, SQL or path."""

import logging
from datetime import date
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, redirect, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException

from mailer.extensions import db, login_manager
from mailer.logs import database_words
from mailer.rules import errors as rules
from mailer.web.formats import day
from mailer.web.targets import safe_target

log = logging.getLogger(__name__)

STATUS: dict[type[rules.MailerError], int] = {
    rules.NotFound: 404,
    rules.NotAllowed: 403,
    rules.Conflict: 409,
    rules.Invalid: 422,
    rules.TokenExpired: 400,
    rules.TooMany: 429,
}


def install(app: Flask) -> None:
    """Catch what services raise, what Werkzeug raises, a dead database, and everything unforeseen."""
    app.register_error_handler(rules.MailerError, _mailer_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(ProgrammingError, _database_error)
    app.register_error_handler(500, _crash)
    app.after_request(_stay_here)


def sentences(code: int) -> tuple[str, str]:
    """Title and text of an error page, in the reader's language."""
    known = {
        400: (
            _("This request cannot be used"),
            _("Something in it is missing or no longer valid. Go back, reload the page and try again."),
        ),
        403: (_("This is not yours to do"), _("Your account may not do this.")),
        404: (_("There is no such page"), _("It may have been deleted, or the link is wrong.")),
        405: (_("This page does not work that way"), _("Go back and use the buttons of the page.")),
        409: (
            _("This does not fit the present state"),
            _("Something changed in the meantime. Go back, reload the page and look again."),
        ),
        413: (_("That is too big"), _("The file or text is larger than the service accepts.")),
        422: (_("This cannot be saved"), _("Some of what was entered cannot be used.")),
        429: (_("Too many tries"), _("Wait a little and try again.")),
        503: (_("The service is not ready"), _("Its database does not answer. Please try again in a minute.")),
    }
    return known.get(code, (_("Something went wrong"), _("The error is written down. Please try again in a minute.")))


def page(code: int, *, text: str = "") -> Response:
    """An error page with this status; `text` replaces the usual sentence."""
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # language, menu and headers ask who reads; a dead database could not answer, and the page would die too
        g._login_user = login_manager.anonymous_user()
    title, usual = sentences(code)
    return make_response(render_template("error.html", code=code, title=title, text=text or usual), code)


def _stay_here(response: Response) -> Response:
    """A slash put right: Werkzeug names the Host that the request claimed, we name a path (CWE-601)."""
    if response.status_code == HTTPStatus.PERMANENT_REDIRECT and response.location:
        path = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
        own = redirect(safe_target(path), code=HTTPStatus.PERMANENT_REDIRECT)
        response.headers["Location"] = own.headers["Location"]
        response.set_data(own.get_data())
    return response


def _mailer_error(error: rules.MailerError) -> Response:
    db.session.rollback()
    code = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    response = page(code, text=_when_it_went(error) if isinstance(error, rules.Conflict) else "")
    if isinstance(error, rules.TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _when_it_went(clash: rules.Conflict) -> str:
    """For a day that had its letters; empty for every other clash."""
    due_on = clash.facts.get("due_on")
    return _("Letters of %(day)s have gone out already.", day=day(due_on)) if isinstance(due_on, date) else ""


def _http_error(error: HTTPException) -> Response:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if code < 400:
        return make_response(error.get_response())
    expired = _("The page was open for too long or the form did not come from this site. Reload it and try again.")
    response = page(code, text=expired if isinstance(error, CSRFError) else "")
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _database_error(error: Exception) -> Response:
    db.session.rollback()
    log.error("the database does not answer; is it migrated (flask db upgrade)? %s", _first_line(error))
    return page(503)


def _first_line(error: Exception) -> str:
    return database_words(getattr(error, "orig", error)).splitlines()[0]


def _crash(error: Exception) -> Response:
    db.session.rollback()
    return page(500)
