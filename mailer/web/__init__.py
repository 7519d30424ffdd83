"""What all pages share: headers, errors, sessions, languages, menu, formats, forms. Holds no page of its own noun."""

from flask import Flask

from mailer.web import askable, assets, errors, formats, headers, health, locales, menu, modes, sessions


def install(app: Flask) -> None:
    """Bind everything that pages share to the app."""
    for room in (modes, askable, headers, errors, assets, sessions, locales, formats, menu, health):
        room.install(app)
