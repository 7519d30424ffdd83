"""The moderators' panel, on Flask-Admin and in the site's own look. Each room has its walls (walls.py)."""

from flask import Flask
from flask_admin import Admin
from flask_babel import lazy_gettext as _l

from mailer.admin.dashboard import Dashboard
from mailer.admin.log import Log
from mailer.admin.mailings import Mailings
from mailer.admin.messages import Messages
from mailer.admin.posts import Posts
from mailer.admin.records import Audit, Suppressions
from mailer.admin.staff import Staff
from mailer.admin.users import Users
from mailer.models import AuditEntry, Mailing, Message, Post, Suppression, User


def install(app: Flask) -> None:
    """Open `/admin/` in this app."""
    first = Dashboard(_l("Dashboard"), endpoint="admin", url="/admin", menu_icon_value="speedometer2")
    panel = Admin(app, index_view=first)
    for view in (
        Users(User, name=_l("Accounts"), endpoint="admin_users", url="users", menu_icon_value="people"),
        Mailings(Mailing, name=_l("Mailings"), endpoint="admin_mailings", url="mailings", menu_icon_value="send"),
        Messages(Message, name=_l("Messages"), endpoint="admin_messages", url="messages", menu_icon_value="envelope"),
        Log(_l("Log"), endpoint="admin_log", url="log", menu_icon_value="list-check"),
        Posts(Post, name=_l("Blog posts"), endpoint="admin_posts", url="posts", menu_icon_value="newspaper"),
        Staff(_l("Roles"), endpoint="admin_staff", url="staff", menu_icon_value="shield-lock"),
        Suppressions(
            Suppression,
            name=_l("Suppression lists"),
            endpoint="admin_suppressions",
            url="suppressions",
            menu_icon_value="slash-circle",
        ),
        Audit(AuditEntry, name=_l("Audit log"), endpoint="admin_audit", url="audit", menu_icon_value="journal-text"),
    ):
        panel.add_view(view)
