"""Frozen contents for a batch of runs: found by hash, written when new."""

from collections.abc import Collection
from dataclasses import astuple
from datetime import datetime

from mailer.dispatch.ledger.drivers import Row, Transaction
from mailer.models import User
from mailer.services.versions import Content

_FIND = "SELECT id FROM message_version WHERE owner_id = %s AND sha256 = %s"
# the update changes nothing; it makes RETURNING answer when another tick was faster
_ADD = """
INSERT INTO message_version (owner_id, sha256, subject, text, html, from_name, reply_to, locale, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (owner_id, sha256) DO UPDATE SET sha256 = excluded.sha256 RETURNING id"""

Key = tuple[int, Content]


def content(row: Row) -> Content:
    """From subject, text, html, first name, last name, user name, e-mail and locale."""
    subject, text, html, first_name, last_name, username, email, locale = row
    owner = User(first_name=first_name, last_name=last_name, username=username, email=email)
    return Content(subject, text, html, owner.display_name, email, locale)


def freeze(work: Transaction, wanted: Collection[Key], now: datetime) -> dict[Key, int]:
    """The version's id for each owner and content; in one order, so that two ticks do not wait for one another."""
    keyed = sorted(((owner_id, one.sha256, one) for owner_id, one in wanted), key=lambda entry: entry[:2])
    asked = [(owner_id, digest, one, work.ask(_FIND, (owner_id, digest))) for owner_id, digest, one in keyed]
    found = {(owner_id, one): rows[0][0] for owner_id, _digest, one, answer in asked if (rows := answer())}
    new = [
        ((owner_id, one), work.ask(_ADD, (owner_id, digest, *astuple(one), work.driver.moment(now))))
        for owner_id, digest, one, _answer in asked
        if (owner_id, one) not in found
    ]
    return found | {key: answer()[0][0] for key, answer in new}
