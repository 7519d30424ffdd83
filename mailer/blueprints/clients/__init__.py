"""Pages of the address book: clients, their import, and the suppression list."""

from mailer.blueprints.clients.imports import imports
from mailer.blueprints.clients.suppressions import suppressions
from mailer.blueprints.clients.views import clients

blueprints = (clients, imports, suppressions)
