"""A page of an audience as columns: what becomes a claim's list, whatever the database hands over."""

import json

import pytest

from mailer.dispatch.ledger import candidates
from mailer.dispatch.ledger.candidates import Page
from mailer.dispatch.ledger.rows import read_recipients, without
from mailer.dispatch.ledger.types import Recipient

IDS, ADDRESSES, NAMES = [3, 5, 8], ["c@example.org", "é@example.org", "h@example.org"], ["C", 'Эля "E"', ""]


def page_of(ids: list[int], reasons: list[str | None]) -> Page:
    """As the database writes it."""
    order = [IDS.index(one) for one in ids]
    columns = [ids, [ADDRESSES[at] for at in order], [NAMES[at] for at in order], [reasons[at] for at in order]]
    return candidates._read([json.dumps(column) for column in columns])


def test_all_of_a_page_are_listed_as_the_database_wrote_them() -> None:
    people, listed = page_of(IDS, [None, None, None]).sendable()

    assert [*people] == [Recipient(IDS[at], 1, ADDRESSES[at], NAMES[at]) for at in range(3)]
    assert read_recipients(listed) == [one[:3] for one in people]


def test_who_must_not_be_written_to_is_on_no_list() -> None:
    people, listed = page_of(IDS, [None, "suppressed", None]).sendable()

    assert [one.client_id for one in people] == [3, 8]
    assert read_recipients(listed) == [(3, 1, "c@example.org"), (8, 1, "h@example.org")]


@pytest.mark.parametrize("text", ['[[3, 1, "c@example.org"]]', '[null, [5, 2, "e@example.org"]]'])
def test_a_claim_that_an_older_version_left_behind_can_be_read(text: str) -> None:
    assert read_recipients(text) == [one and tuple(one) for one in json.loads(text)]


def test_a_list_keeps_the_places_of_those_who_are_left() -> None:
    listed = [None, (5, 2, "e@example.org"), (8, 1, "h@example.org")]

    assert read_recipients(without(listed, {(8, 1)})) == [None, (5, 2, "e@example.org"), None]


def test_nobody_may_be_left() -> None:
    people, _listed = page_of(IDS, ["suppressed"] * 3).sendable()

    assert not people


def test_a_page_out_of_order_is_put_in_order() -> None:
    reasons = [None, "unsubscribed", None]

    assert page_of([8, 3, 5], reasons).rows == page_of(IDS, reasons).rows
    assert page_of([8, 3, 5], reasons).client_ids == IDS
    assert read_recipients(page_of([8, 3, 5], reasons).listed) == [(one, 1, ADDRESSES[IDS.index(one)]) for one in IDS]
