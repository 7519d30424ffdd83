"""The queue door: `huey_consumer tasks.huey`."""

from mailer.doors import open_app

app = open_app()
huey = app.extensions["huey"]
