"""Pages where owners plan mailings and steer them."""

from mailer.blueprints.mailings import live, verbs, views
from mailer.blueprints.mailings.room import mailings

__all__ = ["live", "verbs", "views"]
blueprints = (mailings,)
