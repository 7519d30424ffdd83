"""The menu and what the base page needs to know about the site."""

from dataclasses import dataclass

from flask import Flask, current_app, request
from flask_babel import gettext as _
from flask_login import current_user

from mailer.rules.access import is_staff


@dataclass(frozen=True, slots=True)
class Item:
    """One place in the menu."""

    endpoint: str
    label: str
    icon: str
    is_active: bool


def install(app: Flask) -> None:
    """Give every template `menu` and `site`; and `contact`, which macros know too."""
    app.jinja_env.globals["contact"] = app.config["MAILER"].contact
    app.context_processor(lambda: {"menu": items(), "site": current_app.config["MAILER"].site})


def items() -> list[Item]:
    """The places of a visitor, an owner or a member of staff; only those that exist in this app."""
    return [
        Item(endpoint, label, icon, _is_here(endpoint))
        for endpoint, label, icon in _places()
        if endpoint in current_app.view_functions
    ]


def _places() -> list[tuple[str, str, str]]:
    blog = ("blog.index", _("Blog"), "newspaper")
    inbox = ("inbox.index", _("Local inbox"), "inbox")  # in development only; whoever signs up needs it too
    if not current_user.is_authenticated:
        return [blog, inbox]
    own = [
        ("blog.front", _("Overview"), "house"),
        ("clients.index", _("Clients"), "people"),
        ("messages.index", _("Messages"), "envelope"),
        ("mailings.index", _("Mailings"), "send"),
        ("reports.index", _("Reports"), "bar-chart"),
        blog,
        inbox,
    ]
    return [*own, ("admin.index", _("Panel"), "shield-check")] if is_staff(current_user.role_set) else own


def _is_here(endpoint: str) -> bool:
    here = request.endpoint or ""
    if endpoint == "blog.front" or here == "blog.front":
        return here == endpoint
    room = here.partition(".")[0]
    # the panel's rooms are blueprints of their own: admin_users, admin_log …
    return (room.partition("_")[0] if room.startswith("admin_") else room) == endpoint.partition(".")[0]
