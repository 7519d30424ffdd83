"""Columns, constraints and relationships. No queries, no rules; one file per noun of the house."""

from mailer.models.accounts import AccountLetter, AccountToken, SignIn, Throttle, User, UserRole
from mailer.models.audit import AuditEntry
from mailer.models.blog import Post, PostPhoto, Revision
from mailer.models.clients import Client, ClientTag, Suppression, SuppressionReason, Tag
from mailer.models.engine import Claim, DailyTotal, Heartbeat, Retry, Secret, Sender
from mailer.models.mailings import Audience, Mailing, MailingClient, MailingTag
from mailer.models.messages import Message, MessageVersion
from mailer.models.runs import Attempt, HeldReason, Run, RunState
from mailer.models.summaries import RunDomain, RunReason, RunTime

__all__ = [
    "AccountLetter",
    "AccountToken",
    "Attempt",
    "Audience",
    "AuditEntry",
    "Claim",
    "Client",
    "ClientTag",
    "DailyTotal",
    "Heartbeat",
    "HeldReason",
    "Mailing",
    "MailingClient",
    "MailingTag",
    "Message",
    "MessageVersion",
    "Post",
    "PostPhoto",
    "Retry",
    "Revision",
    "Run",
    "RunDomain",
    "RunReason",
    "RunState",
    "RunTime",
    "Secret",
    "Sender",
    "SignIn",
    "Suppression",
    "SuppressionReason",
    "Tag",
    "Throttle",
    "User",
    "UserRole",
]
