"""Counting attempts for reports: by reason, by domain, by time. Pure: rows in, figures out; knows no database.

No address leaves this room: examples of the server's words are cleaned of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import add, itemgetter
from typing import NamedTuple

from mailer.models.summaries import QUARTER_S
from mailer.rules.outcome import Outcome

# a run that lasts longer than MOST_TIMES quarters has so many of them; its picture joins them
WIDTHS_S, MOST_TIMES = (1, 5, 15, 60, 300, QUARTER_S), 120
# what has no domain: an address that is none, or was erased
NOWHERE = ""
LONGEST_NAME = 254
# letters of a reply that are kept, and that are looked through for them
WORDS, LOOKED_AT = 500, 1000

_PLACE = {outcome.value: place for place, outcome in enumerate(Outcome)}
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_ADDRESS = re.compile(r"[^\s<>()\[\]{},;:\"'=]+@[^\s<>()\[\]{},;:\"']+")


# what of an attempt is counted: run_id, client_id, the second of its beginning (since 1970), address, outcome, reason,
# reply_code, and the words, which accepted ones need not bring
Row = tuple[int, int, int, str, str, str | None, int | None, str]


class ReasonKey(NamedTuple):
    """What attempts of one group have in common; 0 and "" for none."""

    outcome: str
    reason: str
    code: int
    enhanced: str


class Counts(list[int]):
    """Attempts per outcome, in the order of Outcome."""

    def __init__(self) -> None:
        """All zero."""
        super().__init__((0,) * len(_PLACE))

    @property
    def by_name(self) -> dict[str, int]:
        """As columns."""
        return dict(zip(_PLACE, self, strict=True))


@dataclass(slots=True)
class Reason:
    """How many, and one example of the words."""

    n: int = 0
    words: str = ""


@dataclass(slots=True)
class Figures:
    """One run's, or a part of one. `times` are by second, in steps of `width_s`."""

    width_s: int = QUARTER_S
    reasons: defaultdict[ReasonKey, Reason] = field(default_factory=lambda: defaultdict(Reason))
    domains: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    times: defaultdict[int, Counts] = field(default_factory=lambda: defaultdict(Counts))

    def add(self, rows: Iterable[Row]) -> None:
        """Count attempts; in one loop, for there may be millions."""
        domains, times, width_s = self.domains, self.times, self.width_s
        for _run_id, _client_id, second, address, outcome, reason, code, text in rows:
            place = _PLACE[outcome]
            times[second - second % width_s][place] += 1
            _name, at, domain = address.rpartition("@")
            domains[domain.lower()[:LONGEST_NAME] if at else NOWHERE][place] += 1
            if place:  # Outcome begins with accepted
                self._add_reason(ReasonKey(outcome, reason or "", code or 0, _enhanced(text)), text, address)

    def _add_reason(self, key: ReasonKey, text: str, address: str) -> None:
        group = self.reasons[key]
        group.n += 1
        if not group.words and text:
            group.words = cleaned(text, address)

    def quarters(self) -> dict[int, Counts]:
        """`times` in steps of QUARTER_S: every width divides it."""
        found: defaultdict[int, Counts] = defaultdict(Counts)
        for second, counts in self.times.items():
            quarter = found[second - second % QUARTER_S]
            quarter[:] = map(add, quarter, counts)
        return found


def count(rows: Iterable[Row], widths: dict[int, int]) -> dict[int, Figures]:
    """The figures of the runs in `widths` (run id → width_s), those without rows too; `rows` are in order of runs."""
    found = {run_id: Figures(width_s) for run_id, width_s in widths.items()}
    for run_id, of_run in groupby(rows, itemgetter(0)):
        found[run_id].add(of_run)
    return found


def _enhanced(text: str) -> str:
    found = _ENHANCED.match(text)
    return found[1] if found else ""


def width_for(opened_at: datetime, finished_at: datetime | None) -> int:
    """The finest width, in seconds, at which the run's whole time is at most MOST_TIMES pieces."""
    lasted_s = ((finished_at or opened_at) - opened_at).total_seconds()
    return next((width for width in WIDTHS_S if lasted_s <= width * (MOST_TIMES - 1)), QUARTER_S)


def moment(second: int) -> datetime:
    """A second of `times` as an aware moment."""
    return datetime.fromtimestamp(second, UTC)


def cleaned(text: str, address: str) -> str:
    """The server's words without any address, nor the name before the @ of this one."""
    name = address.rpartition("@")[0]
    if len(text) > LOOKED_AT:  # up to a whole word: half an address would not be known for one
        text = text[:LOOKED_AT].rpartition(" ")[0]
    text = _ADDRESS.sub("…", text.replace("\0", "\ufffd"))
    if len(name) > 3:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text[:WORDS]
