"""How SQLite's statements for many rows are written."""

import re

from mailer.dispatch.ledger import sqlite
from mailer.dispatch.ledger.rows import ATTEMPT


def test_only_what_all_rows_share_is_bound_by_number() -> None:
    """Python 3.12 and later look up the name of each mark, and SQLite walks through the numbered ones for it."""
    constant = tuple(name in {"run_id", "outcome"} for name, _type in ATTEMPT.columns)
    sql = sqlite._insert(ATTEMPT, constant, 250)
    assert set(re.findall(r"\?\d+", sql)) == {"?1", "?2"}
    assert len(re.findall(r"\?(?!\d)", sql)) == 250 * constant.count(False)
