"""The ledger: what is claimed, what was sent, what adds up. One short transaction per verb, on both databases."""

from mailer.dispatch.ledger.interface import Ledger, LedgerUnavailable
from mailer.dispatch.ledger.ledger import open_driver, open_ledger

__all__ = ["Ledger", "LedgerUnavailable", "open_driver", "open_ledger"]
