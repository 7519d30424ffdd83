"""Pages where owners write what will be sent."""

from mailer.blueprints.messages.views import messages

blueprints = (messages,)
