"""How much is measured: enough to see (`QUICK`), enough to believe (`FULL`), hardly anything (`TINY`, for tests)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of letters, rounds, kills … of one mode."""

    name: str
    rounds: int
    send: int
    warm: int  # a first, small run: what memory grows from
    memory: int  # and a last, great one: what it has grown to (0: the usual ones will do)
    plain: int
    slow: tuple[tuple[float, int], ...]  # (milliseconds, connections)
    slow_s: float
    kills: int
    many_runs: int
    many_rounds: int
    start: int  # mailings, and recipients
    hot: int
    log: int
    repeats: int
    lines: int


QUICK = Sizes(
    name="quick", rounds=3, send=20_000, warm=2_000, memory=0, plain=60,
    slow=((20, 50), (100, 200)), slow_s=2.0, kills=2,
    many_runs=500, many_rounds=1, start=10_000, hot=5_000, log=20_000, repeats=3, lines=5_000,
)  # fmt: skip
FULL = Sizes(
    name="full", rounds=5, send=100_000, warm=10_000, memory=1_000_000, plain=1_000,
    slow=tuple((delay, connections) for delay in (20, 100) for connections in (10, 50, 200)), slow_s=10.0, kills=20,
    many_runs=10_000, many_rounds=3, start=1_000_000, hot=50_000, log=10_000_000, repeats=50, lines=100_000,
)  # fmt: skip
TINY = Sizes(
    name="tiny", rounds=1, send=300, warm=100, memory=0, plain=5, slow=((20, 10),), slow_s=0.3, kills=1,
    many_runs=5, many_rounds=1, start=200, hot=200, log=400, repeats=1, lines=50,
)  # fmt: skip
