"""How results become rows of the log and of the retry table."""

import json
from collections.abc import Sequence
from datetime import datetime

from mailer.dispatch.ledger.drivers import Column, Driver, Row, Table
from mailer.dispatch.ledger.types import Accepted, Finished, Recipient, Recipients
from mailer.rules.outcome import Outcome, SkipReason

_OUTCOMES = {outcome: outcome.value for outcome in Outcome}
Listed = list[tuple[int, int, str] | None]

ATTEMPT = Table(
    "attempt",
    (
        ("run_id", "int8"),
        ("client_id", "int8"),
        ("number", "int4"),
        ("address", "text"),
        ("started_at", "timestamptz"),
        ("took_ms", "int4"),
        ("outcome", "varchar"),
        ("reason", "varchar"),
        ("reply_code", "int4"),
        ("reply_text", "text"),
        ("is_rebuilt", "bool"),
    ),
)
RETRY = Table(
    "retry",
    (
        ("run_id", "int8"),
        ("client_id", "int8"),
        ("number", "int4"),
        ("address", "text"),
        ("due_at", "timestamptz"),
    ),
)


def attempt_columns(driver: Driver, run_id: int, finished: Sequence[Finished]) -> list[Column]:
    """In the order of ATTEMPT. NUL is the one character that PostgreSQL cannot keep."""
    if not finished:
        return [() for _ in ATTEMPT.columns]
    clients, numbers, addresses, moments, took, outcomes, reasons, codes, texts, _due, rebuilt = zip(
        *finished, strict=True
    )
    if "\0" in "".join(texts):
        texts = tuple(text.replace("\0", "\ufffd") for text in texts)
    return [
        (run_id,) * len(finished),
        clients,
        numbers,
        addresses,
        _stamped(driver, moments),
        took,
        [*map(_OUTCOMES.__getitem__, outcomes)],
        [reason and reason.value for reason in reasons],
        codes,
        texts,
        rebuilt,
    ]


def accepted_columns(driver: Driver, run_id: int, accepted: Accepted) -> list[Column]:
    """The same of results that are columns already."""
    same = (run_id, Outcome.ACCEPTED.value, None, False)
    run, outcome, reason, is_rebuilt = ((value,) * len(accepted) for value in same)
    who = accepted.client_ids, accepted.numbers, accepted.addresses
    moments = _stamped(driver, accepted.started_at)
    return [run, *who, moments, accepted.took_ms, outcome, reason, accepted.codes, accepted.texts, is_rebuilt]


def _stamped(driver: Driver, moments: Sequence[datetime]) -> Column:
    """Neighbours share their moments, and writing one costs as much as the rest of a row."""
    stamps = {at: driver.stamp(at) for at in set(moments)}
    return [*map(stamps.__getitem__, moments)]


def retry_row(driver: Driver, run_id: int, one: Finished, due_at: datetime) -> Row:
    """The next number of a deferred one."""
    return (run_id, one.client_id, one.number + 1, one.address, driver.moment(due_at))


def back_row(driver: Driver, run_id: int, one: Recipient, due_at: datetime) -> Row:
    """The same number again: nothing was said to the server about this one."""
    return (run_id, one.client_id, one.number, one.address, driver.moment(due_at))


def given_up(last: Finished, at: datetime) -> Finished:
    """Row n+1 of a deferred one that is not tried again, with the last words."""
    return Finished(
        client_id=last.client_id,
        number=last.number + 1,
        address=last.address,
        started_at=at,
        took_ms=0,
        outcome=Outcome.SKIPPED,
        reason=SkipReason.GAVE_UP,
        reply_code=last.reply_code,
        reply_text=last.reply_text,
    )


def skipped(one: Recipient, reason: SkipReason, at: datetime, code: int | None = None, text: str = "") -> Finished:
    """The decision not to write to somebody."""
    return Finished(
        client_id=one.client_id,
        number=one.number,
        address=one.address,
        started_at=at,
        took_ms=0,
        outcome=Outcome.SKIPPED,
        reason=reason,
        reply_code=code,
        reply_text=text,
    )


def claim_list(client_ids: str, numbers: str, addresses: str) -> str:
    """A claim's list in the journal's order, of columns that are JSON arrays already."""
    return f"[{client_ids}, {numbers}, {addresses}]"


def list_recipients(recipients: Recipients) -> str:
    """The same, of these."""
    return json.dumps(recipients.columns[:3], ensure_ascii=False)


def read_recipients(text: str) -> Listed:
    """None stands where a recipient was settled before the rest, so that places keep their meaning."""
    found = json.loads(text)
    if found[0] is None or isinstance(found[0][-1], str):  # one by one, as claims were listed before November 2026
        return [one and (one[0], one[1], one[2]) for one in found]
    return [None if one[0] is None else one for one in zip(*found, strict=True)]


def without(listed: Listed, settled: set[tuple[int, int]]) -> str:
    """The list with the settled (client_id, number) blanked out."""
    left = [(None, None, None) if one is None or one[:2] in settled else one for one in listed]
    return json.dumps([*zip(*left, strict=True)], ensure_ascii=False)
