"""Part “many”: the everyday load, thousands of small runs due at the same minute, beside one big run."""

from mailer.bench import receivers, world
from mailer.bench.figures import Figure, Mark, ratios
from mailer.bench.places import Place, Workshop
from mailer.bench.sizes import Sizes
from mailer.bench.worker import Worker, running_worker

PART = "many"
EACH = 20
SHARE = Mark(0.3, 0.6)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Both databases; small runs and the big one in turn."""
    found = []
    for place in shop.places():
        with running_worker(shop, place) as worker:
            found += _at(place, worker, sizes)
    return found


def _at(place: Place, worker: Worker, sizes: Sizes) -> list[Figure]:
    runs = sizes.many_runs
    with place.database() as engine:
        small, big = world.make_owners(engine, runs), world.make_owners(engine, 1)
        world.fill_books(engine, small, EACH)
        world.fill_books(engine, big, EACH * runs)
        many: list[dict[str, float]] = []
        one: list[dict[str, float]] = []
        loads: list[float] = []
        for _ in range(1 + sizes.many_rounds):  # nobody counts the first: until then the tables of runs are empty
            for owners, kept in ((small, many), (big, one)):
                world.plan(engine, owners)
                world.settle_down(engine)
                with receivers.fastest() as receiver:
                    kept.append(worker.ask("send", port=receiver.port))
                loads.append(receiver.load(kept[-1]["wall_s"]))
    del many[0], one[0], loads[:2]
    name = f"{place.name}: {runs:,} runs of {EACH}"
    speeds = [[facts["letters"] / facts["wall_s"] for facts in series] for series in (many, one)]
    first, last = (tuple(facts[key] for facts in many) for key in ("first_s", "wall_s"))
    return [
        Figure(PART, name, tuple(speeds[0]), "letters/s", receiver=max(loads)),
        Figure(PART, f"{place.name}: one run of {EACH * runs:,}", tuple(speeds[1]), "letters/s"),
        Figure(PART, f"{name} ÷ one big run", ratios(*speeds), "×", SHARE),
        Figure(PART, f"{name}: due to first result written", first, "s"),
        Figure(PART, f"{name}: due to last run closed", last, "s"),
    ]
