"""Part “start”: a great many mailings and recipients. What does a minute cost when nothing is due, and when ten are?"""

from datetime import timedelta

from mailer.bench import receivers, world
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.sizes import Sizes
from mailer.bench.worker import running_worker

PART = "start"
DUE = 10
FIRST, TICK, STATEMENTS = Mark(250, 100, at_most=True), Mark(1, 1, at_most=True), Mark(2, 2, at_most=True)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Both databases."""
    return [figure for place in shop.places() for figure in _at(shop, place, sizes.start)]


def _at(shop: Workshop, place: Place, size: int) -> list[Figure]:
    with running_worker(shop, place) as worker:
        with place.database() as engine:
            owners, others = world.make_owners(engine, 1), world.make_owners(engine, 1)
            world.fill_books(engine, owners, size)
            world.plan(engine, others, each=size, due_in=timedelta(days=1))
            world.settle_down(engine)
        quiet = worker.ask("quiet_tick")
        with place.database() as engine:
            world.plan(engine, owners, each=DUE)
        with receivers.own() as receiver:
            facts = worker.ask("start", port=receiver.port)
    first_ms = (receiver.marks_s[0] - facts["tick_s"]) * 1000
    name, note = place.name, f"{size:,} mailings, {size:,} recipients"
    return [
        Figure(PART, f"{name}: tick, none due", (quiet["tick_ms"],), "ms", TICK, note=note),
        Figure(PART, f"{name}: of it, the look for what is due", (quiet["look_ms"],), "ms"),
        Figure(PART, f"{name}: tick, none due: statements", (quiet["statements"],), "", STATEMENTS),
        Figure(PART, f"{name}: tick to the first 250", (first_ms,), "ms", FIRST, note=f"{DUE} due; {note}"),
    ]
