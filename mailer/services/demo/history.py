"""Sixty days of sending, written as the engine would have: runs, their log, and counters that add up.
What happened to whom is chance, but the same chance for every newcomer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from random import Random
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer.models import Attempt, Client, DailyTotal, Mailing, MessageVersion, Run, RunState, User
from mailer.rules import schedule as rules
from mailer.rules.outcome import FINALS, Outcome, SkipReason
from mailer.services import mailings
from mailer.services.demo import cast
from mailer.services.demo.people import Stop

# what is due this very hour is left to the engine
QUIET = timedelta(minutes=30)
# the day on which the shop had no power
DARK_DAYS_AGO = 17


@dataclass(frozen=True, slots=True)
class Said:
    """One row of the log in the making: what came of it, and how long after the run began."""

    outcome: Outcome
    code: int | None = None
    text: str = ""
    reason: SkipReason | None = None
    after: timedelta = timedelta()


@dataclass(slots=True)
class History:
    """The past of one owner's mailings; `days` counts what the charts show."""

    session: Session
    owner: User
    stops: dict[int, Stop]
    now: datetime
    luck: Random
    days: Counter[tuple[date, Outcome]]

    def tell(self, mailing: Mailing, version: MessageVersion, audience: Sequence[Client]) -> None:
        """Write all runs of `mailing` until now, and set its next one."""
        is_weekly = mailing.frequency is rules.Frequency.WEEKLY
        schedule = mailings.schedule_of(mailing)
        past = list(takewhile(lambda one: one.at <= self.now - QUIET, rules.occurrences(schedule)))
        for one in past:
            if mailing.missed_run is rules.MissedRun.SKIP and (self.now - one.at).days == DARK_DAYS_AGO:
                self._miss(mailing, one)
                continue
            meant = [client for client in audience if client.created_at < one.at]
            run = self._add_run(mailing, one, version_id=version.id, is_exhausted=True)
            self._send(run, meant, is_newest=one is past[-1] and is_weekly)
            run.give_up_at = rules.give_up_at(schedule, one.at)
        last = past[-1].due_on if past else None
        mailing.next_run_at = rules.next_run_at(schedule, self.now, sent_on=last)

    def write_days(self) -> None:
        """The counters of the charts, equal to the rows of the log."""
        rows = [
            {"owner_id": self.owner.id, "counted_on": day, "outcome": outcome, "n": n}
            for (day, outcome), n in sorted(self.days.items())
        ]
        self.session.execute(insert(DailyTotal), rows)

    def _miss(self, mailing: Mailing, one: rules.Occurrence) -> None:
        found_at = one.at + timedelta(hours=9)
        run = self._add_run(mailing, one, opened_at=found_at)
        run.state, run.missed_count, run.is_exhausted = RunState.MISSED, 1, True
        run.finished_at = run.noticed_at = found_at

    def _send(self, run: Run, meant: Sequence[Client], *, is_newest: bool) -> None:
        began = run.opened_at
        rows = [row for client in meant for row in self._rows(run, client, began, is_newest=is_newest)]
        final = Counter(row["outcome"] for row in rows if row["outcome"] in FINALS)
        run.total = run.expected = len(meant)
        run.accepted, run.refused = final[Outcome.ACCEPTED], final[Outcome.REFUSED]
        run.skipped, run.unanswered = final[Outcome.SKIPPED], final[Outcome.UNANSWERED]
        run.cursor = run.upto_client_id = max((client.id for client in meant), default=0)
        run.state = RunState.DONE
        run.finished_at = max((row["started_at"] for row in rows), default=began) + timedelta(seconds=1)
        run.noticed_at = run.finished_at  # no letters today about what happened long ago
        if rows:
            self.session.execute(insert(Attempt), rows)

    def _add_run(self, mailing: Mailing, one: rules.Occurrence, **facts: Any) -> Run:
        facts.setdefault("opened_at", one.at + timedelta(seconds=self.luck.uniform(1, 20)))
        run = Run(mailing_id=mailing.id, owner_id=self.owner.id, due_on=one.due_on, scheduled_for=one.at, **facts)
        self.session.add(run)
        self.session.flush()
        return run

    def _rows(self, run: Run, client: Client, began: datetime, *, is_newest: bool) -> Iterator[dict[str, Any]]:
        for number, said in enumerate(self._conversations(client, began, is_newest=is_newest), start=1):
            at = began + said.after + timedelta(milliseconds=self.luck.randint(0, 900))
            self.days[rules.to_wall(at, self.owner.time_zone).date(), said.outcome] += 1
            yield {
                "run_id": run.id,
                "client_id": client.id,
                "number": number,
                "address": client.email,
                "started_at": at,
                "took_ms": 0 if said.outcome is Outcome.SKIPPED else self.luck.randint(15, 420),
                "outcome": said.outcome,
                "reason": said.reason,
                "reply_code": said.code,
                "reply_text": said.text,
                "is_rebuilt": False,
            }

    def _conversations(self, client: Client, at: datetime, *, is_newest: bool) -> tuple[Said, ...]:
        stop, part, chance = self.stops.get(client.id), client.email.partition("@")[0], self.luck.random()
        taken = Said(Outcome.ACCEPTED, 250, f"2.0.0 Ok: queued as {self.luck.getrandbits(40):010X}")
        unknown = f"5.1.1 <{client.email}>: Recipient address rejected: User unknown"
        full = Said(Outcome.DEFERRED, 452, "4.2.2 Mailbox full")
        told = (
            (stop is not None and stop.since <= at, (Said(Outcome.SKIPPED, reason=stop.reason if stop else None),)),
            (part == cast.GONE, (Said(Outcome.REFUSED, 550, unknown),)),
            (part == cast.SILENT and is_newest, (Said(Outcome.UNANSWERED),)),
            (part == cast.FULL_MAILBOX and chance < 0.3, (full, _later(taken))),
            (chance < 0.006, (Said(Outcome.REFUSED, 550, "5.7.1 Message rejected: looks like spam"),)),
            (chance < 0.03, (Said(Outcome.DEFERRED, 451, "4.7.1 Greylisted, please try again later"), _later(taken))),
        )
        return next((rows for is_so, rows in told if is_so), (taken,))


def _later(said: Said) -> Said:
    return Said(said.outcome, said.code, said.text, after=timedelta(minutes=6))
