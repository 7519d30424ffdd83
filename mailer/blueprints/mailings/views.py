"""List, plan, see, change and delete one's own mailings."""

from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.mailings import choosing
from mailer.blueprints.mailings.forms import MailingForm
from mailer.blueprints.mailings.room import mailings, own
from mailer.clock import utcnow
from mailer.dispatch.wake import wake
from mailer.extensions import db
from mailer.models import Mailing
from mailer.rules.errors import Conflict
from mailer.rules.lifecycle import Verb
from mailer.services import audiences, outlooks, planning, runs
from mailer.services import mailings as plans
from mailer.web.acting import audit
from mailer.web.forms import BaseForm, render_form
from mailer.web.gone import or_as_new
from mailer.web.paging import page_of
from mailer.web.targets import see_other

RUNS_SHOWN = 10


@mailings.get("/")
@login_required
def index() -> str:
    """The owner's mailings with their status."""
    q = request.args.get("q", "").strip()[:200]
    page = page_of(plans.search(current_user.id, q=q))
    standings = plans.standings(db.session(), page.items, now=utcnow())
    return render_template("mailings/index.html", page=page, standings=standings, q=q)


@mailings.route("/create", methods=["GET", "POST"])
@login_required
def create() -> Response:
    """Plan a mailing; the next dates are shown before it is saved."""
    form = MailingForm(data=choosing.defaults(utcnow()))
    choosing.offer(form)
    if form.validate_on_submit() and "show_dates" not in request.form and choosing.is_acceptable(form):
        mailing = planning.create(db.session(), current_user.id, form.plan(), now=utcnow())
        db.session.commit()
        wake()
        flash(_("The mailing has been saved."), "success")
        return see_other("mailings.view", mailing_id=mailing.id)
    return _form_page(form, None)


@mailings.get("/<int:mailing_id>")
@login_required
def view(mailing_id: int) -> str:
    """The plan, what comes next, and what was sent."""
    mailing, now = own(mailing_id), utcnow()
    return render_template(
        "mailings/view.html",
        mailing=mailing,
        standing=plans.standing(db.session(), mailing, now=now),
        reach=audiences.reach(db.session(), mailing.owner_id, audiences.choice_of(db.session(), mailing)),
        outlook=outlooks.of_mailing(db.session(), mailing, week_starts=choosing.week_starts()),
        runs=db.session.scalars(runs.of_mailing(mailing.id).limit(RUNS_SHOWN)).all(),
    )


def _gone_meanwhile() -> Response:
    sentence = _("There is no such mailing any more. What you wrote is still here, as a new mailing.")
    return _as_new(sentence, None)


@mailings.route("/<int:mailing_id>/edit", methods=["GET", "POST"])
@login_required
@or_as_new(_gone_meanwhile)
def edit(mailing_id: int) -> Response:
    """Change a plan; one that is over is a 409, with what was typed."""
    mailing = own(mailing_id)
    try:
        planning.require(db.session(), mailing, Verb.EDIT, now=utcnow())
    except Conflict:
        if request.method == "POST":
            return _over_meanwhile(mailing)
        raise
    form = MailingForm(data=choosing.stored(mailing))
    choosing.offer(form)
    is_wanted = form.validate_on_submit() and "show_dates" not in request.form
    if is_wanted and choosing.is_acceptable(form) and choosing.is_newest(form, mailing):
        planning.change(db.session(), mailing, form.plan(), now=utcnow())
        db.session.commit()
        wake()
        flash(_("The mailing has been saved."), "success")
        return see_other("mailings.view", mailing_id=mailing_id)
    return _form_page(form, mailing)


@mailings.route("/<int:mailing_id>/delete", methods=["GET", "POST"])
@login_required
def delete(mailing_id: int) -> Response:
    """Ask once more, then delete; the log of what was sent stays."""
    mailing = own(mailing_id)
    planning.require(db.session(), mailing, Verb.DELETE, now=utcnow())
    form = BaseForm()
    if form.validate_on_submit():
        planning.remove(db.session(), mailing, now=utcnow())
        audit("mailing.delete", object_kind="mailing", object_id=mailing_id)
        db.session.commit()
        flash(_("The mailing has been deleted."), "success")
        return see_other("mailings.index")
    return render_form("mailings/delete.html", form, mailing=mailing)


def _over_meanwhile(mailing: Mailing) -> Response:
    sentence = _("The mailing was stopped or switched off meanwhile. What you wrote is still here, as a new mailing.")
    page = _as_new(sentence, mailing)
    if page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        page.status_code = HTTPStatus.CONFLICT
    return page


def _as_new(sentence: str, over: Mailing | None) -> Response:
    """Nothing typed is lost: it is the form of a new mailing, and a draft, for somebody has put an end to the old."""
    form = MailingForm()
    choosing.offer(form)
    form.validate_on_submit()
    form.draft.data = True
    form.form_errors = [sentence]
    return _form_page(form, None, over=over)


def _form_page(form: MailingForm, mailing: Mailing | None, *, over: Mailing | None = None) -> Response:
    """The form with how many it would reach, and the dates it would send on, when they can be told."""
    sent_on = plans.last_day(db.session(), mailing) if mailing is not None else None
    page = render_form(
        "mailings/form.html",
        form,
        mailing=mailing,
        over=over,
        picked=choosing.shown_clients(form),
        reach=audiences.reach(db.session(), current_user.id, form.choice()),
        outlook=choosing.outlook(form, mailing, sent_on=sent_on),
        sent_on=sent_on,
    )
    if "HX-Request" in request.headers:
        page.status_code = 200  # the live dates: half a date is a question still, and no error in the browser's log
    return page
