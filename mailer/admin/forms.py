"""The panel's forms: a reason for every act, and a role to give."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from mailer.rules.access import Role
from mailer.web.forms import BaseForm, line

ROLES = {
    Role.MAIL_MODERATOR: _l("Mail moderator"),
    Role.BLOG_MODERATOR: _l("Blog moderator"),
    Role.ADMIN: _l("Administrator"),
}


class ReasonForm(BaseForm):
    """Why. The person concerned reads it, and the audit log keeps it."""

    reason = line(_l("Reason"), DataRequired(_l("Give a reason.")), most=500)


class RoleForm(BaseForm):
    """Whom to make staff, and why."""

    email = line(_l("E-mail address of the account"), DataRequired(_l("Give an address.")), most=254)
    role = SelectField(_l("Role"), choices=[SelectChoice(role.value, label) for role, label in ROLES.items()])
    reason = line(_l("Reason"), DataRequired(_l("Give a reason.")), most=500)
