"""Pages of the address book: clients, their import, the suppression list, and the way onto it for readers."""

from mailer.blueprints.clients.imports import imports
from mailer.blueprints.clients.suppressions import suppressions
from mailer.blueprints.clients.unsubscribe import unsubscribe
from mailer.blueprints.clients.views import clients

blueprints = (clients, imports, suppressions, unsubscribe)
