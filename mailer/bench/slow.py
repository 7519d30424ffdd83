"""Part “slow”: a receiver that thinks before each answer. How much of what its connections allow is really used?"""

from mailer.bench import receivers, world
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Workshop
from mailer.bench.receivers import Receiver
from mailer.bench.sizes import Sizes
from mailer.bench.worker import running_worker

PART = "slow"
EFFICIENCY = Mark(90, 95)
# of twentieths: connections have grown by the first, the last letters have not begun to run out by the second
FROM, TO = 10, 18


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Each delay with each number of connections, on the better database."""
    place = shop.best_place()
    found = []
    with running_worker(shop, place) as worker, place.database() as engine:
        for delay_ms, connections in sizes.slow:
            owners = world.make_owners(engine, 1)
            ideal = connections / delay_ms * 1000
            world.fill_books(engine, owners, max(50, int(ideal * sizes.slow_s)))
            world.plan(engine, owners)
            with receivers.own(delay_ms=delay_ms) as receiver:
                facts = worker.ask("send", port=receiver.port, connections=connections)
            rate = steady_rate(receiver)
            load = receiver.load(facts["wall_s"])
            name = f"{place.name}: {delay_ms:g} ms, {connections} connections"
            # a timer rounds up: what counts is how long the receiver really thought
            possible = connections / (receiver.thought_ms or delay_ms) * 1000
            note = f"{possible:,.0f} were possible at {receiver.thought_ms:.1f} ms"
            found.append(Figure(PART, name, (rate,), "letters/s", receiver=load, note=note))
            found.append(Figure(PART, f"{name}: efficiency", (rate / possible * 100,), "%", EFFICIENCY))
    return found


def steady_rate(receiver: Receiver) -> float:
    """Letters a second between the middle and nine tenths of the run: after growth, before the last ones."""
    marks = receiver.marks_s
    letters = int(receiver.said["letters"]) if isinstance(receiver.said.get("letters"), int) else 0  # type: ignore[arg-type]
    passed_s = marks[TO] - marks[FROM]
    return (letters - 1) * (TO - FROM) / 20 / passed_s if passed_s else 0.0
