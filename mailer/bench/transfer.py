"""Parts “import” and “export”: a long table of clients in, a long log out; both stream."""

from mailer.bench import world
from mailer.bench.figures import Figure
from mailer.bench.places import Place, Workshop
from mailer.bench.sizes import Sizes
from mailer.bench.worker import running_worker


def measure_import(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """New clients with a tag, into an empty address book."""
    found = []
    for place in shop.places():
        with place.database() as engine:
            owners = world.make_owners(engine, 1)
        with running_worker(shop, place) as worker:
            worker.ask("take_in", owner_id=owners[0], lines=1)
            with place.database() as engine:
                owners = world.make_owners(engine, 1)
            facts = worker.ask("take_in", owner_id=owners[0], lines=sizes.lines)
        found += _figures("import", place, sizes.lines, facts, "lines")
    return found


def measure_export(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """The log of one owner as CSV."""
    found = []
    for place in shop.places():
        with running_worker(shop, place) as worker:
            with place.database() as engine:
                owners = world.make_owners(engine, 1)
                world.plan(engine, owners)
                world.fill_log(engine, runs=1, each=sizes.lines)
                world.settle_down(engine)
            worker.ask("pages", owner_id=owners[0], paths=["/reports/attempts"], repeats=1)
            facts = worker.ask("export", owner_id=owners[0], path="/reports/attempts.csv")
        found += _figures("export", place, sizes.lines, facts, "rows")
    return found


def _figures(part: str, place: Place, size: int, facts: dict[str, float], unit: str) -> list[Figure]:
    note = f"{size:,} {unit}"
    return [
        Figure(part, place.name, (size / facts["wall_s"],), f"{unit}/s", note=note),
        Figure(part, f"{place.name}: growth of memory", (max(0.0, facts["more_mb"]),), "MB", note=note),
    ]
