"""Pages where owners plan mailings and steer them."""

from mailer.blueprints.mailings import verbs, views
from mailer.blueprints.mailings.room import mailings

__all__ = ["verbs", "views"]
blueprints = (mailings,)
