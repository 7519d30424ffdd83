"""Part “send”: the engine end to end beside `smtp-source` and the plain loop, in turn, at the same kind of receiver."""

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field

from mailer.bench import receivers, world
from mailer.bench.figures import Figure, Mark, ratios
from mailer.bench.places import SENDER, Place, Workshop
from mailer.bench.running import Child
from mailer.bench.sizes import Sizes
from mailer.bench.worker import Worker, running_worker

PART = "send"
SOURCE = "smtp-source -s 10 -d"
LETTER_BYTES = 2_700  # as long as ours
SOURCE_S = 300.0
WALL = {"PostgreSQL": Mark(1.2, 1.6), "SQLite": Mark(1.6, 2.0)}
CPU = {"PostgreSQL": Mark(1.6, 2.2), "SQLite": Mark(1.6, 2.2)}
PLAIN = {"PostgreSQL": Mark(80, 120), "SQLite": Mark(100, 150)}
MEMORY, GROWTH = Mark(150, 140, at_most=True), Mark(10, 5, at_most=True)


@dataclass
class Series:
    """What one sender came to, round by round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    facts: list[dict[str, float]] = field(default_factory=list)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Interleaved: SQLite, PostgreSQL, smtp-source, plain loops, and again."""
    with ExitStack() as stack:
        bench = _Bench(sizes)
        for place, plain_place in zip(shop.places(), shop.places(), strict=True):
            worker = stack.enter_context(running_worker(shop, place))
            bench.prepare(place, worker, plain_place, stack.enter_context(running_worker(shop, plain_place)))
        for _ in range(sizes.rounds):
            for place, worker in bench.workers:
                bench.engine(place, worker)
            if receivers.tool("smtp-source"):
                bench.source()
            for place, worker in bench.plain_workers:
                bench.plain(place, worker)
        for place, worker in bench.workers:
            bench.weigh(place, worker)
    return bench.figures()


class _Bench:
    """The series of one measurement, by the sender's name."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self.workers: list[tuple[Place, Worker]] = []
        self.plain_workers: list[tuple[Place, Worker]] = []
        self.series: defaultdict[str, Series] = defaultdict(Series)
        self._warm: dict[str, float] = {}
        self._peak: dict[str, float] = {}

    def prepare(self, place: Place, worker: Worker, plain_place: Place, plain_worker: Worker) -> None:
        """Address books, and two runs that nobody counts: a small one, which memory grows from, and one of full size.

        By the end of that the server is known as it is to a consumer: how many letters a connection may carry.
        The plain loop has a place of its own: it leaves a heap behind that no consumer has, and rows of a run whose
        number comes after all others, so that the engine's would go into the middle of the index.
        """
        with place.database() as engine:
            small = world.make_owners(engine, 1)
            world.fill_books(engine, small, self._sizes.warm)
            world.plan(engine, small)
        with receivers.fastest() as receiver:
            self._warm[place.name] = worker.ask("send", port=receiver.port)["peak_mb"]
        with place.database() as engine:
            self._owners = world.make_owners(engine, 1)
            world.fill_books(engine, self._owners, self._sizes.send)
            world.settle_down(engine)
        self.workers.append((place, worker))
        self._run(place, worker)
        with plain_place.database() as engine:
            world.fill_books(engine, world.make_owners(engine, 1), self._sizes.plain)
            world.settle_down(engine)
        self.plain_workers.append((plain_place, plain_worker))

    def engine(self, place: Place, worker: Worker) -> None:
        """One whole run."""
        self._note(place.name, *self._run(place, worker))

    def plain(self, place: Place, worker: Worker) -> None:
        """The plain loop on the same kind of database."""
        count = self._sizes.plain
        with receivers.fastest() as receiver:
            facts = worker.ask("plain", port=receiver.port, count=count)
        self._note(f"plain loop, {place.name}", facts, receiver)

    def source(self) -> None:
        """The yardstick."""
        with receivers.fastest() as receiver:
            facts = self._run_source(receiver.port)
        self._note(SOURCE, facts, receiver)

    def weigh(self, place: Place, worker: Worker) -> None:
        """The most memory so far, and after a great run where one is asked for."""
        self._peak[place.name] = self.series[place.name].facts[-1]["peak_mb"]
        if self._sizes.memory:
            with place.database() as engine:
                owners = world.make_owners(engine, 1)
                world.fill_books(engine, owners, self._sizes.memory)
                world.plan(engine, owners)
                world.settle_down(engine)
            with receivers.fastest() as receiver:
                self._peak[place.name] = worker.ask("send", port=receiver.port)["peak_mb"]

    def _run(self, place: Place, worker: Worker) -> tuple[dict[str, float], receivers.Receiver]:
        with place.database() as engine:
            world.plan(engine, self._owners)
        with receivers.fastest() as receiver:
            facts = worker.ask("send", port=receiver.port)
        with place.database() as engine:
            world.settle_down(engine)  # now, not while somebody else is measured
        return facts, receiver

    def _run_source(self, port: int) -> dict[str, float]:
        count = self._sizes.send
        options = ["-s", "10", "-d", "-m", str(count), "-l", str(LETTER_BYTES), "-f", SENDER, "-t", "c@example.org"]
        child = Child([receivers.tool("smtp-source") or SOURCE, *options, f"127.0.0.1:{port}"])
        try:
            spent = child.wait(SOURCE_S)
        finally:
            child.end()
        return {"letters": count, "wall_s": spent.wall_s, "cpu_s": spent.cpu_s}

    def _note(self, name: str, facts: dict[str, float], receiver: receivers.Receiver) -> None:
        series = self.series[name]
        series.wall.append(facts["letters"] / facts["wall_s"])
        series.cpu.append(facts["letters"] / facts["cpu_s"])
        series.load.append(receiver.load(facts["wall_s"]))
        series.facts.append(facts)

    def figures(self) -> list[Figure]:
        """Speeds first, then ratios, then what it cost."""
        return [*self._speeds(), *self._ratios(), *self._costs()]

    def _speeds(self) -> list[Figure]:
        found = []
        for name, series in self.series.items():
            load = sorted(series.load)[len(series.load) // 2]
            found.append(Figure(PART, name, tuple(series.wall), "letters/s", receiver=load))
            found.append(Figure(PART, f"{name}, per CPU-second", tuple(series.cpu), "letters"))
        return found

    def _ratios(self) -> list[Figure]:
        found = []
        for place, _worker in self.workers:
            name, mine = place.name, self.series[place.name]
            if SOURCE in self.series:
                source = self.series[SOURCE]
                found.append(Figure(PART, f"{name} ÷ {SOURCE}", ratios(mine.wall, source.wall), "×", WALL[name]))
                per_cpu = ratios(mine.cpu, source.cpu)
                found.append(Figure(PART, f"{name} ÷ {SOURCE}, per CPU-second", per_cpu, "×", CPU[name]))
            slow = self.series[f"plain loop, {name}"]
            found.append(Figure(PART, f"{name} ÷ plain loop", ratios(mine.wall, slow.wall), "×", PLAIN[name]))
        return found

    def _costs(self) -> list[Figure]:
        found = []
        for place, _worker in self.workers:
            name, facts = place.name, self.series[place.name].facts
            for key, words in (("db_wall_us", "database, waited"), ("db_cpu_us", "database, our CPU")):
                found.append(Figure(PART, f"{name}: {words}", tuple(one[key] for one in facts), "µs/letter"))
            peak = self._peak[name]
            sizes = f"{self._sizes.warm:,} → {self._sizes.memory or self._sizes.send:,} recipients"
            found.append(Figure(PART, f"{name}: peak memory with the app", (peak,), "MB", MEMORY))
            grown = (max(0.0, peak - self._warm[name]),)
            found.append(Figure(PART, f"{name}: growth of memory", grown, "MB", GROWTH, note=sizes))
        return found
