"""The rooms with pages. They never import one another."""

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

ROOMS = ("auth", "clients", "messages", "mailings", "reports", "blog")


def install(app: Flask) -> None:
    """Register every room's blueprints (`blueprints` in its package)."""
    for room in ROOMS:
        if find_spec(f"mailer.blueprints.{room}") is None:
            continue
        for blueprint in getattr(import_module(f"mailer.blueprints.{room}"), "blueprints", ()):
            app.register_blueprint(blueprint)
