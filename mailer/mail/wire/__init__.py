"""Sockets that drive the SMTP protocol: connections, time limits, growth. Knows no run and no database."""

from mailer.mail.wire.lessons import Lessons
from mailer.mail.wire.mailbag import Mailbag
from mailer.mail.wire.settings import Limits, Server
from mailer.mail.wire.wire import Wire

__all__ = ["Lessons", "Limits", "Mailbag", "Server", "Wire"]
