"""Figures and what is asked of them. Pure: no clock, no processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

NOISY = 0.25  # (most - least) / median of the rounds: beyond it a figure is marked


@dataclass(frozen=True, slots=True)
class Mark:
    """What is asked of a figure. `at_most`: less is better."""

    must: float
    aim: float
    at_most: bool = False

    def words(self, value: float) -> tuple[str, str]:
        """Must and aim, each with whether `value` meets it."""
        return self._judged(self.must, value), self._judged(self.aim, value)

    def is_met(self, value: float) -> bool:
        """The must holds."""
        return value <= self.must if self.at_most else value >= self.must

    def _judged(self, bound: float, value: float) -> str:
        is_met = value <= bound if self.at_most else value >= bound
        return f"{'≤' if self.at_most else '≥'} {short(bound)} {'met' if is_met else 'NOT MET'}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the median of its rounds. `receiver`: its load meanwhile, 1.0 = one processor."""

    part: str
    name: str
    rounds: tuple[float, ...]
    unit: str = ""
    mark: Mark | None = None
    receiver: float | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a share of the median."""
        return (max(self.rounds) - min(self.rounds)) / abs(self.value) if self.value else 0.0

    @property
    def is_noisy(self) -> bool:
        """The rounds differ too much to trust the second digit."""
        return len(self.rounds) > 1 and self.spread > NOISY


def ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    """Round by round: what was measured side by side is compared side by side."""
    return tuple(a / b for a, b in zip(above, below, strict=True))


def short(value: float) -> str:
    """Three digits that matter; thousands apart."""
    if value == int(value) and abs(value) < 1000:
        return str(int(value))
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
