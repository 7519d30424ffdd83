"""The queue door: `huey_consumer tasks.huey`."""

from mailer.app import create_app
from mailer.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    raise SystemExit(f"mailer cannot start: {error}") from None
huey = app.extensions["huey"]
