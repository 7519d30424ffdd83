"""The list of addresses never to write to again: see, add, lift with a reason."""

from flask import Blueprint, Response, flash, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.clients.forms import LiftForm, SuppressionForm
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import SuppressionReason
from mailer.services import addresses
from mailer.services import suppressions as book
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.paging import page_of
from mailer.web.targets import see_other

suppressions = Blueprint("suppressions", __name__, url_prefix="/suppressions")


@suppressions.get("/")
@login_required
def index() -> str:
    """The list, searched by address."""
    q = request.args.get("q", "").strip()[:200]
    page = page_of(book.owned_by(current_user.id, q=q))
    return render_template("suppressions/index.html", page=page, q=q, form=SuppressionForm(formdata=None))


@suppressions.route("/create", methods=["GET", "POST"])
@login_required
def create() -> Response:
    """Put an address on the list."""
    form = SuppressionForm()
    if form.validate_on_submit() and (address := addresses.read(form.address.data)):
        reason = SuppressionReason(form.reason.data)
        is_new = book.add(db.session(), current_user.id, address, reason, now=utcnow())
        audit("suppression.add", detail=address.email)
        db.session.commit()
        flash(_("This address will get no more letters.") if is_new else _("It is on the list already."), "success")
        return see_other("suppressions.index")
    return render_form("suppressions/form.html", form)


@suppressions.route("/<int:suppression_id>/lift", methods=["GET", "POST"])
@login_required
def lift(suppression_id: int) -> Response:
    """Take an address off the list; the reason goes into the audit."""
    row = book.get(db.session(), current_user.id, suppression_id)
    form = LiftForm()
    if form.validate_on_submit():
        book.lift(db.session(), row)
        audit("suppression.lift", reason=form.reason.data, detail=row.address)
        db.session.commit()
        flash(_("This address may be written to again."), "success")
        return see_other("suppressions.index")
    return render_form("suppressions/lift.html", form, row=row)
