"""Take in a file or a pasted list of clients, and say what became of every line."""

from flask import Blueprint, Response, current_app, flash, render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_required

from mailer.blueprints.clients.forms import MOST_FILE, ImportForm
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.services import imports as book
from mailer.services import tables, tags
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.uploads import generous

MOST_RETURNED = 40_000_000  # a pasted list that is too long comes back with a sentence

imports = Blueprint("imports", __name__, url_prefix="/clients")


@imports.route("/import", methods=["GET", "POST"])
@login_required
@generous("file", file_bytes=MOST_FILE, text_bytes=MOST_RETURNED)
def index() -> Response | str:
    """The form; after it, the report."""
    form = ImportForm()
    if not form.validate_on_submit():
        return render_form("clients/import.html", form)
    try:
        report = _take_in(form)
        trouble = "" if report.lines else _("There is no client in this table.")
    except tables.UnreadableTable as error:  # a file's shape is known only while it is read
        trouble = _trouble(error.code)
    if trouble:
        given = form.file if _has_file(form) else form.text
        given.errors = [*given.errors, trouble]
        return render_form("clients/import.html", form)
    sentence = ngettext("%(num)s client has been added.", "%(num)s clients have been added.", report.added)
    flash(sentence, "success" if report.added else "info")
    return render_template("clients/imported.html", report=report, reasons=_reasons())


def _has_file(form: ImportForm) -> bool:
    return bool(form.file.data and form.file.data.filename)


def _take_in(form: ImportForm) -> book.ImportReport:
    upload = form.file.data
    is_file = _has_file(form)
    rows = tables.rows_of_file(upload.stream, upload.filename) if is_file else tables.rows_of_text(form.text.data)
    report = book.take_in(
        db.session(),
        current_user.id,
        rows,
        extra_tags=tags.names_in(form.tags.data or ""),
        now=utcnow(),
        commit=db.session.commit,
    )
    audit("clients.import", detail=f"added {report.added}, known {report.known}, rejected {report.rejected_count}")
    db.session.commit()
    current_app.logger.info("import: %s added, %s rejected", report.added, report.rejected_count)
    return report


def _trouble(code: str) -> str:
    return {
        "encoding": _("This text is in an encoding that cannot be read. Save the file as UTF-8 and try again."),
        "workbook": _("This workbook cannot be opened. Save it anew as XLSX or CSV and try again."),
        "cell": _("A cell of this table is too long. Perhaps a quotation mark before it is never closed."),
        "too_big": _("This table is too large. Split it into files of at most a million lines."),
    }[code]


def _reasons() -> dict[book.Reason, str]:
    return {
        book.Reason.NO_ADDRESS: _("No e-mail address in this line"),
        book.Reason.BAD_ADDRESS: _("Not an e-mail address"),
        book.Reason.TWICE: _("The same address stands earlier in the list"),
        book.Reason.NAME_TOO_LONG: _("The name is longer than 200 characters"),
        book.Reason.TAG_TOO_LONG: _("A tag is longer than 50 characters"),
    }
