"""A run's times as a picture: bars of stacked outcomes in a box of BARS × HEIGHT, drawn by the page as SVG."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailer.rules.outcome import Outcome
from mailer.services.run_figures import Times

# fewer bars than FEWEST would be walls; more than MOST nobody can tell apart
FEWEST, MOST, HEIGHT = 24, 120, 100.0
# so much at least, that one refusal among a million is seen
LEAST = 1.5
# from the ground up
LAYERS = (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.DEFERRED, Outcome.UNANSWERED, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class Block:
    """A coloured piece of a bar; y counts from above."""

    outcome: Outcome
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """`bars` wide; each bar stands for `width` of time. `pieces`: the numbers behind it, in order."""

    bars: int
    width: timedelta
    begins_at: datetime
    ends_at: datetime
    most: int
    totals: Counter[Outcome]
    pieces: Sequence[tuple[datetime, Counter[Outcome]]]
    blocks: Sequence[Block]


def draw(times: Times) -> Timeline | None:
    """None where all happened within one piece: that is no line."""
    width_s, pieces = _joined(times)
    if len(pieces) < 2:
        return None
    first, last = pieces[0][0], pieces[-1][0]
    width = timedelta(seconds=width_s)
    places = int((last - first) / width) + 1
    most = max(counts.total() for _at, counts in pieces)
    scale = (HEIGHT - LEAST * len(LAYERS)) / max(most, 1)
    blocks = [block for at, counts in pieces for block in _bar(int((at - first) / width), counts, scale)]
    totals: Counter[Outcome] = sum((counts for _at, counts in pieces), Counter())
    return Timeline(max(places, FEWEST), width, first, last + width, most, totals, pieces, blocks)


def _joined(times: Times) -> tuple[int, Sequence[tuple[datetime, Counter[Outcome]]]]:
    """As many neighbours together as make MOST bars."""
    if len(times.pieces) < 2:
        return times.width_s, times.pieces
    span_s = (times.pieces[-1][0] - times.pieces[0][0]).total_seconds()
    together = int(span_s / times.width_s) // MOST + 1
    width_s = times.width_s * together
    joined: dict[float, Counter[Outcome]] = {}
    for at, counts in times.pieces:
        second = at.timestamp()
        joined.setdefault(second - second % width_s, Counter()).update(counts)
    return width_s, [(datetime.fromtimestamp(second, UTC), counts) for second, counts in joined.items()]


def _bar(x: int, counts: Counter[Outcome], scale: float) -> Iterator[Block]:
    top = HEIGHT
    for outcome in LAYERS:
        if counts[outcome]:
            height = max(counts[outcome] * scale, LEAST)
            top -= height
            yield Block(outcome, x, round(top, 2), round(height, 2))
