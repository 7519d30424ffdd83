"""Pause, resume, stop, send now: one button each, one conditional change each; 409 where the verb does not fit."""

from collections.abc import Callable

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from mailer.blueprints.mailings.room import mailings, own
from mailer.clock import utcnow
from mailer.dispatch.wake import wake
from mailer.extensions import db
from mailer.models import Mailing, Run
from mailer.rules.lifecycle import Verb
from mailer.services import planning, runs
from mailer.web.acting import audit
from mailer.web.targets import see_other


@mailings.post("/<int:mailing_id>/pause")
@login_required
def pause(mailing_id: int) -> Response:
    """Hold everything until it is resumed."""
    return _done(mailing_id, planning.pause, "mailing.pause", _("The mailing is paused."))


@mailings.post("/<int:mailing_id>/resume")
@login_required
def resume(mailing_id: int) -> Response:
    """Go on from now."""
    return _done(mailing_id, planning.resume, "mailing.resume", _("The mailing goes on."))


@mailings.get("/<int:mailing_id>/stop")
@login_required
def confirm_stop(mailing_id: int) -> Response:
    """Ask once more: stopping is for good."""
    mailing = own(mailing_id)
    planning.require(db.session(), mailing, Verb.STOP, now=utcnow())
    return make_response(render_template("mailings/stop.html", mailing=mailing, run=_run_of(mailing)))


@mailings.post("/<int:mailing_id>/stop")
@login_required
def stop(mailing_id: int) -> Response:
    """End it for good."""
    return _done(mailing_id, planning.stop, "mailing.stop", _("The mailing is stopped."))


@mailings.get("/<int:mailing_id>/send-now")
@login_required
def confirm_send_now(mailing_id: int) -> Response:
    """Ask once more: letters cannot be called back."""
    mailing = own(mailing_id)
    planning.require(db.session(), mailing, Verb.SEND_NOW, now=utcnow())
    return make_response(render_template("mailings/send_now.html", mailing=mailing))


@mailings.post("/<int:mailing_id>/send-now")
@login_required
def send_now(mailing_id: int) -> Response:
    """Open today's run."""
    return _done(mailing_id, planning.send_now, "mailing.send_now", _("Today's letters are on their way."))


def _done(mailing_id: int, act: Callable[..., None], verb: str, sentence: str) -> Response:
    mailing: Mailing = own(mailing_id)
    run = _run_of(mailing)
    back = see_other("reports.run", run_id=run.id) if run else see_other("mailings.view", mailing_id=mailing_id)
    act(db.session(), mailing, now=utcnow())
    audit(verb, object_kind="mailing", object_id=mailing_id)
    db.session.commit()
    wake()
    flash(sentence, "success")
    return back


def _run_of(mailing: Mailing) -> Run | None:
    """The run whose page the button was on: the request names it, and it must be the mailing's own."""
    asked = request.values.get("run", "")
    is_id = asked.isascii() and asked.isdigit() and len(asked) < 19
    return db.session.scalar(runs.of_mailing(mailing.id).where(Run.id == int(asked))) if is_id else None
