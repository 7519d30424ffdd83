"""A moderator's acts on people and mailings: the words of the page that asks once more, the verb, the audit row.

All of one request happen or none; what others see of them (letters, a worker's wake-up) comes after the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, flash, make_response, redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from mailer.admin.forms import ReasonForm
from mailer.admin.lists import reader
from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.dispatch.wake import wake
from mailer.extensions import db
from mailer.models import Mailing, Post, User
from mailer.services import moderation, post_moderation
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.targets import see_other

Judged = User | Mailing | Post
Judge = Callable[[Any, str], Response]
# about one, about several: no plural forms, for the sentence does not say how many
Words = tuple[LazyString, LazyString]

HELD_GOES_ON = _l("A run that was held goes on where it stopped, if its time is not over.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verb: what it is called in the audit, what it does, and its words."""

    deed: str
    act: Callable[..., Sequence[Judged]]
    titles: Words
    texts: Words
    label: LazyString
    tone: str = "danger"

    def title(self, n: int) -> LazyString:
        """The question about `n` of them."""
        return self.titles[n > 1]

    def text(self, n: int) -> LazyString:
        """What will follow."""
        return self.texts[n > 1]


OF_USERS = {
    "block": Verdict(
        "account.block",
        moderation.block,
        (_l("Block this account?"), _l("Block these accounts?")),
        (
            _l("Its sessions end at once, what is being sent stops, and a letter tells the owner the reason."),
            _l("Their sessions end at once, what is being sent stops, and a letter tells them the reason."),
        ),
        _l("Block"),
    ),
    "unblock": Verdict(
        "account.unblock",
        moderation.unblock,
        (_l("Unblock this account?"), _l("Unblock these accounts?")),
        (
            _l("Its owner may sign in again. The mailings go on with their next dates; nothing missed is sent."),
            _l("They may sign in again. Their mailings go on with their next dates; nothing missed is sent."),
        ),
        _l("Unblock"),
        "primary",
    ),
    "trust": Verdict(
        "account.trust",
        moderation.trust,
        (_l("Trust this account?"), _l("Trust these accounts?")),
        (
            _l("The daily limit of new users no longer holds for it."),
            _l("The daily limit of new users no longer holds for them."),
        ),
        _l("Trust"),
        "primary",
    ),
    "distrust": Verdict(
        "account.distrust",
        moderation.distrust,
        (_l("Trust this account no longer?"), _l("Trust these accounts no longer?")),
        (
            _l("The daily limit of new users will hold for it again."),
            _l("The daily limit of new users will hold for them again."),
        ),
        _l("Trust no longer"),
    ),
}
OF_MAILINGS = {
    "off": Verdict(
        "mailing.disable",
        moderation.switch_off,
        (_l("Switch this mailing off?"), _l("Switch these mailings off?")),
        (
            _l("It sends nothing more, even in the middle of a run. The owner reads the reason and cannot undo it."),
            _l("They send nothing more, even in the middle of a run. The owners read the reason and cannot undo it."),
        ),
        _l("Switch off"),
    ),
    "on": Verdict(
        "mailing.enable",
        moderation.switch_on,
        (_l("Switch this mailing on?"), _l("Switch these mailings on?")),
        (HELD_GOES_ON, HELD_GOES_ON),
        _l("Switch on"),
        "primary",
    ),
}
OF_POSTS = {
    "publish": Verdict(
        "post.publish",
        post_moderation.publish,
        (_l("Publish this post?"), _l("Publish these posts?")),
        (_l("Every visitor will be able to read it."), _l("Every visitor will be able to read them.")),
        _l("Publish"),
        "primary",
    ),
    "hide": Verdict(
        "post.hide",
        post_moderation.hide,
        (_l("Hide this post?"), _l("Hide these posts?")),
        (
            _l("Readers will not see it any more. The text stays, and its author can read the reason."),
            _l("Readers will not see them any more. The texts stay, and their authors can read the reason."),
        ),
        _l("Hide"),
    ),
}


def asked_ids() -> list[int]:
    """The ids that the list's boxes or the page that asks have sent; rubbish stands for an id that never exists."""
    raw = request.values.getlist("id")
    return [int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0 for one in raw]


def chosen(judge: Judge) -> Judge:
    """Round a view of verdicts: a verb pressed with no box ticked leads back to the list, which says so."""

    @wraps(judge)
    def ask_first(room: Any, verb: str) -> Response:
        if asked_ids():
            return judge(room, verb)
        flash(_("Choose at least one first."), "warning")
        return see_other(".index_view")

    return ask_first


def pronounce(verdict: Verdict, judged: Sequence[Judged], *, back: str) -> Response:
    """Ask for the reason, then act on all of them and go back."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return render_form("admin/verdict.html", form, verdict=verdict, judged=judged, back=back, path=request.path)
    reason = str(form.reason.data)
    changed = verdict.act(db.session(), judged, by=reader(), reason=reason, now=utcnow())
    for one in changed:
        _write_down(verdict, one, reason)
    db.session.commit()
    wake()
    account_mail.ring()
    flash(_("%(deed)s: done for %(num)s of %(all)s.", deed=verdict.label, num=len(changed), all=len(judged)), "success")
    return make_response(redirect(back, code=303))


def _write_down(verdict: Verdict, one: Judged, reason: str) -> None:
    facts: dict[str, Any] = {"object_kind": "user", "user_id": one.id}
    if isinstance(one, Mailing):
        facts = {"object_kind": "mailing", "user_id": one.owner_id, "detail": one.title}
    elif isinstance(one, Post):
        facts = {"object_kind": "post", "user_id": one.author_id, "detail": one.title}
    audit(verdict.deed, object_id=one.id, reason=reason, **facts)
