"""List, write, see, change and delete one's own messages; see one as a recipient would."""

from flask import Blueprint, Response, current_app, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.messages.forms import MessageForm, stored
from mailer.clock import utcnow
from mailer.dispatch.own_copy import send_test
from mailer.extensions import db
from mailer.models import Message
from mailer.services import messages as desk
from mailer.services.throttle import HOUR, MINUTE, Limit
from mailer.web.acting import audit
from mailer.web.forms import BaseForm, render_form
from mailer.web.gone import or_as_new
from mailer.web.letters import letter_page
from mailer.web.limits import spend
from mailer.web.paging import page_of
from mailer.web.targets import see_other

TEST_LETTERS = Limit("test-letter", ((5, MINUTE), (30, HOUR)))

messages = Blueprint("messages", __name__, url_prefix="/messages")


@messages.get("/")
@login_required
def index() -> str:
    """The owner's messages."""
    q = request.args.get("q", "").strip()[:200]
    return render_template("messages/index.html", page=page_of(desk.search(current_user.id, q=q)), q=q)


@messages.route("/create", methods=["GET", "POST"])
@login_required
def create() -> Response:
    """Write a message."""
    form = MessageForm()
    if form.validate_on_submit():
        message = desk.create(db.session(), current_user.id, form.facts(), now=utcnow())
        db.session.commit()
        flash(_("The message has been saved."), "success")
        return see_other("messages.view", message_id=message.id)
    return render_form("messages/form.html", form, message=None)


@messages.get("/<int:message_id>")
@login_required
def view(message_id: int) -> str:
    """One message, and the mailings that use it."""
    message = desk.get(db.session(), current_user.id, message_id)
    mailings = desk.living_mailings(db.session(), message)
    return render_template("messages/view.html", message=message, mailings=mailings, sample=_sample(message))


def _as_new() -> Response:
    form = MessageForm()
    form.validate()
    form.form_errors = [_("There is no such message any more. What you wrote is still here, as a new message.")]
    return render_form("messages/form.html", form, message=None)


@messages.route("/<int:message_id>/edit", methods=["GET", "POST"])
@login_required
@or_as_new(_as_new)
def edit(message_id: int) -> Response:
    """Change a message."""
    message = desk.get(db.session(), current_user.id, message_id)
    form = MessageForm(data=stored(message))
    if form.validate_on_submit() and _is_newest(form, message):
        desk.update(db.session(), message, form.facts(), now=utcnow())
        db.session.commit()
        flash(_("The message has been saved."), "success")
        return see_other("messages.view", message_id=message_id)
    return render_form("messages/form.html", form, message=message)


@messages.route("/<int:message_id>/delete", methods=["GET", "POST"])
@login_required
def delete(message_id: int) -> Response:
    """Ask once more, then delete the message; a page says which mailings still need it."""
    message = desk.get(db.session(), current_user.id, message_id)
    mailings = desk.living_mailings(db.session(), message)
    if mailings:
        status = 409 if request.method == "POST" else 200
        return make_response(render_template("messages/in_use.html", message=message, mailings=mailings), status)
    form = BaseForm()
    if form.validate_on_submit():
        desk.delete(db.session(), message, now=utcnow())
        audit("message.delete", object_kind="message", object_id=message_id)
        db.session.commit()
        flash(_("The message has been deleted."), "success")
        return see_other("messages.index")
    return render_form("messages/delete.html", form, message=message)


@messages.get("/<int:message_id>/preview")
@login_required
def preview(message_id: int) -> Response:
    """The HTML as a recipient would see it, alone in its frame: no scripts, nothing fetched."""
    message = desk.get(db.session(), current_user.id, message_id)
    return letter_page(desk.filled(message.html, _values(), is_html=True))


@messages.post("/<int:message_id>/test")
@login_required
def test(message_id: int) -> Response:
    """A test letter to oneself; the page says what the mail server answered."""
    message = desk.get(db.session(), current_user.id, message_id)
    spend((TEST_LETTERS, str(current_user.id)))
    author = current_user._get_current_object()
    answer = send_test(current_app._get_current_object(), message, author, now=utcnow())  # type: ignore[attr-defined]
    if answer.is_accepted:
        flash(_("A test letter is on its way to %(address)s.", address=author.email), "success")
    else:
        flash(_("The test letter was not sent. The mail server's words: %(words)s", words=answer.words), "error")
    return see_other("messages.view", message_id=message_id)


def _is_newest(form: MessageForm, message: Message) -> bool:
    """Takes the message; says it above the form when it is not the one that the form was made from."""
    return form.is_newest(
        stored(desk.take(db.session(), message))["seen"],
        _("The message was changed meanwhile. What you wrote is still here: save again to replace that change."),
    )


def _values() -> dict[str, str]:
    return {"name": current_user.display_name, "email": current_user.email, "unsubscribe_url": "#"}


def _sample(message: Message) -> dict[str, str]:
    return {
        "subject": desk.filled(message.subject, _values(), is_html=False),
        "text": desk.filled(message.text, _values(), is_html=False),
    }
