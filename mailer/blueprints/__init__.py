"""The rooms with pages. They never import one another."""

from flask import Flask

from mailer.blueprints import auth, blog, clients, mailings, messages, reports


def install(app: Flask) -> None:
    """Register every room's blueprints (`blueprints` in its package)."""
    for room in (auth, clients, messages, mailings, reports, blog):
        for blueprint in room.blueprints:
            app.register_blueprint(blueprint)
