"""The room of mailings: what is sent by whom, how it is received; switch off and on, let a held run go on."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, flash, url_for
from flask_babel import gettext as _
from sqlalchemy import Select

from mailer.admin.forms import ReasonForm
from mailer.admin.lists import Listed, Narrowings, reader
from mailer.admin.previews import sample, values_for
from mailer.admin.verdicts import OF_MAILINGS, asked_ids, chosen, pronounce
from mailer.admin.walls import door
from mailer.clock import utcnow
from mailer.dispatch.wake import wake
from mailer.extensions import db
from mailer.models import Mailing, User
from mailer.rules.access import Room
from mailer.services import audiences, brakes, mailings, moderation, oversight, runs
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.targets import see_other

RUNS_SHOWN = 20


class Mailings(Listed):
    """List, one mailing, and the verdicts on one or many."""

    room = Room.MAILINGS
    doors = frozenset({"index_view", "plan", "judge", "release"})
    list_template = "admin/mailings.html"
    column_list = column_sortable_list = ("id", "title", "next_run_at")
    searched: ClassVar[Sequence[Any]] = (Mailing.title, User.email)
    narrowings: ClassVar[Narrowings] = {
        "state": {
            "disabled": lambda: Mailing.disabled_at.is_not(None),
            "coming": lambda: Mailing.next_run_at.is_not(None),
            "running": lambda: mailings.HAS_OPEN_RUN,
            "paused": lambda: Mailing.paused_at.is_not(None),
        },
    }

    def seen(self) -> Select[Any]:
        """Mailings of everybody within sight, with their owners."""
        return oversight.mailings(reader())

    def page_facts(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Each one's status and what its runs say."""
        session = db.session()
        standings = mailings.standings(session, rows, now=utcnow())
        return {
            "standings": {one.mailing.id: one for one in standings},
            "sent": oversight.mailing_sums(session, [one.id for one in rows]),
        }

    @door("/<int:mailing_id>")
    def plan(self, mailing_id: int) -> str:
        """One mailing: the plan, the message as recipients see it, the runs."""
        session = db.session()
        mailing = oversight.mailing(session, reader(), mailing_id)
        page: str = self.render(
            "admin/mailing.html",
            mailing=mailing,
            standing=mailings.standing(session, mailing, now=utcnow()),
            sent=oversight.mailing_sums(session, [mailing.id]).get(mailing.id, oversight.Sent()),
            reach=audiences.reach(session, mailing.owner_id, audiences.choice_of(session, mailing)),
            sample=sample(mailing.message, values_for(reader())),
            runs=session.scalars(runs.of_mailing(mailing.id).limit(RUNS_SHOWN)).all(),
        )
        return page

    @door("/<any(off, on):verb>", "GET", "POST")
    @chosen
    def judge(self, verb: str) -> Response:
        """Ask for a reason and act; one id out of sight makes the whole request a 404."""
        plans = moderation.judged_mailings(db.session(), reader(), asked_ids())
        alone = url_for(".plan", mailing_id=plans[0].id) if len(plans) == 1 else ""
        return pronounce(OF_MAILINGS[verb], plans, back=alone or url_for(".index_view"))

    @door("/runs/<int:run_id>/release", "GET", "POST")
    def release(self, run_id: int) -> Response:
        """Let a run that the brake holds go on; 409 when it is not held by the brake."""
        run, form = oversight.run(db.session(), reader(), run_id), ReasonForm()
        if not form.validate_on_submit():
            brakes.require_held(run)
            return render_form("admin/release.html", form, run=run)
        brakes.release(db.session(), run, now=utcnow())
        about = {"object_kind": "run", "object_id": run.id, "user_id": run.owner_id}
        audit("run.release", reason=str(form.reason.data), detail=run.mailing.title, **about)
        db.session.commit()
        wake()
        flash(_("The run goes on."), "success")
        return see_other(".plan", mailing_id=run.mailing_id)
