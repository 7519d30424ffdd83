"""The parts of a benchmark by name, and measuring several of them: one that breaks off does not take the rest along."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mailer.bench import crash, hot_path, many, pages, receivers, sending, slow, start, transfer
from mailer.bench.figures import Figure
from mailer.bench.places import Workshop, workshop
from mailer.bench.running import BenchError
from mailer.bench.sizes import Sizes

Part = Callable[[Workshop, Sizes], list[Figure]]

PARTS: dict[str, Part] = {
    "send": sending.measure,
    "slow": slow.measure,
    "crash": crash.measure,
    "many": many.measure,
    "start": start.measure,
    "hot-path": hot_path.measure,
    "pages": pages.measure,
    "import": transfer.measure_import,
    "export": transfer.measure_export,
}


@dataclass
class Measured:
    """All figures; what this machine lacks, in sentences; parts that broke off."""

    figures: list[Figure] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def measure(names: Sequence[str], sizes: Sizes, say: Callable[[str], None]) -> Measured:
    """Measure these parts in a workshop of their own; `say` is told how it goes on."""
    measured = Measured()
    with workshop() as shop:
        measured.lacks = [*shop.lacks]
        measured.lacks += [] if receivers.tool("smtp-sink") else [receivers.NO_SINK]
        measured.lacks += [] if receivers.tool("smtp-source") else [receivers.NO_SOURCE]
        for name in names:
            begun_s = time.monotonic()
            try:
                measured.figures += PARTS[name](shop, sizes)
            except BenchError as error:
                measured.failed.append(name)
                say(f"{name}: broke off: {error}")
            else:
                say(f"{name}: {time.monotonic() - begun_s:.1f} s")
    return measured
