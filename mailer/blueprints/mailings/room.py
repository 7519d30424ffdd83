"""The blueprint, and what its pages share."""

from flask import Blueprint
from flask_login import current_user

from mailer.extensions import db
from mailer.models import Mailing
from mailer.services import mailings as plans

mailings = Blueprint("mailings", __name__, url_prefix="/mailings")


def own(mailing_id: int) -> Mailing:
    """The signed-in owner's mailing; raises NotFound for a missing one and for somebody else's."""
    return plans.get(db.session(), current_user.id, mailing_id)
