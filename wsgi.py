"""The web door: `gunicorn wsgi:app`, `flask …`."""

from mailer.doors import open_app

app = open_app()
