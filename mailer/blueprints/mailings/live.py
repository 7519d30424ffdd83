"""What the form of a mailing asks for while somebody fills it in; nothing here changes anything."""

from flask import render_template
from flask_login import current_user, login_required

from mailer.blueprints.mailings.forms import MailingForm
from mailer.blueprints.mailings.room import mailings
from mailer.extensions import db
from mailer.orm import reading
from mailer.services import audiences


@mailings.post("/audience")
@login_required
def audience() -> str:
    """How many clients the choice in the form means. A POST because thousands of picked ids fit in no address."""
    choice = MailingForm().choice()
    with reading():
        db.session.rollback()  # counting a million must not hold the write lock that this POST began with
        found = audiences.reach(db.session(), current_user.id, choice)
    return render_template("mailings/_reach.html", reach=found)
