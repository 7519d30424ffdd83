"""Part “pages”: what a page costs the server over a long log and address book; the blog with and without cache."""

from dataclasses import replace

from sqlalchemy import Engine, insert

from mailer.bench import archive, world
from mailer.bench.archive import Archive
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.sizes import Sizes
from mailer.bench.worker import running_worker
from mailer.clock import utcnow
from mailer.models import Post
from mailer.rules.outcome import Outcome

PART = "pages"
POSTS, BOOK = 30, 100
PAGE, POLL = Mark(100, 50, at_most=True), Mark(5, 5, at_most=True)
OWN = ("/clients/", "/messages/", "/mailings/", "/reports/", "/reports/?days=90", "/reports/mailings/1")
PUBLIC = ("/", "/blog/", "/blog/post-1")


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """An owner's pages on both databases, then the public ones."""
    places = shop.places()
    found = [figure for place in places for figure in _own_pages(shop, place, sizes)]
    return found + _public_pages(shop, places[-1], sizes.repeats)


def _own_pages(shop: Workshop, place: Place, sizes: Sizes) -> list[Figure]:
    with running_worker(shop, place) as worker:
        with place.database() as engine:
            owners = world.make_owners(engine, 1)
            world.fill_books(engine, owners, sizes.log // BOOK)
            world.plan(engine, owners, each=archive.MAILINGS)
            log = archive.fill(engine, owners[0], sizes.log)
        live = f"/reports/runs/{log.longest}/live"
        paths = (*OWN, *_log_pages(log), live)
        seen = worker.ask("pages", owner_id=owners[0], paths=paths, repeats=sizes.repeats)
    found = [_figure(place, path, seen[path], POLL if path == live else PAGE) for path in paths]
    return found + _counting(place, log)


def _log_pages(log: Archive) -> tuple[str, ...]:
    """The two kinds of runs, and the log: filtered, searched, and deep inside."""
    one, deep = f"/reports/attempts?run={log.longest}", f"{log.longest}.{log.length * 4 // 5}.1"
    return (
        f"/reports/runs/{log.longest}", f"/reports/runs/{log.short}", "/reports/attempts",
        *(f"/reports/attempts?outcome={outcome}" for outcome in Outcome),
        one, *(f"{one}&outcome={outcome}" for outcome in Outcome),
        f"/reports/attempts?after={deep}", f"{one}&after={deep}", f"{one}&outcome=refused&after={deep}",
        f"{one}&q=house", f"{one}&q=nobody", f"{one}&outcome=refused&q=nobody",
        "/reports/attempts?q=c7-1@example.org", "/reports/attempts?q=c7-1@example.org&outcome=refused",
    )  # fmt: skip


def _counting(place: Place, log: Archive) -> list[Figure]:
    """What the minute's chore costs that keeps the figures of closed runs."""
    rate = Figure(PART, f"{place.name}: counting closed runs", (log.rows / log.counted_s,), "rows/s")
    idle = Figure(PART, f"{place.name}: counting, none closed", (log.idle_ms,), "ms")
    return [replace(rate, note=f"{log.rows:,} rows, {log.short:,} runs"), idle]


def _public_pages(shop: Workshop, place: Place, repeats: int) -> list[Figure]:
    found = []
    with (
        running_worker(shop, place, CACHE_ENABLED="yes") as with_cache,
        running_worker(shop, place, CACHE_ENABLED="no") as without,
    ):
        with place.database() as engine:
            _write_posts(engine)
        ask = {"paths": PUBLIC, "repeats": repeats, "owner_id": 0}
        answers = {"with": with_cache.ask("pages", **ask), "without": without.ask("pages", **ask)}
    for how, seen in answers.items():
        for path in PUBLIC:
            facts = seen[path]
            name = f"{place.name}: {path} {how} cache"
            note = f"{facts['statements']} statements, first {facts['first_ms']:.0f} ms"
            found.append(Figure(PART, name, (1000 / facts["ms"],), "requests/s", note=note))
    return found


def _figure(place: Place, path: str, facts: dict[str, float], mark: Mark) -> Figure:
    note = f"{facts['statements']} statements, first {facts['first_ms']:.0f} ms, our own CPU {facts['cpu_ms']:.0f} ms"
    return Figure(PART, f"{place.name}: {path}", (facts["ms"],), "ms", mark, note=note)


def _write_posts(engine: Engine) -> None:
    at = utcnow()
    post = {"content": "<p>" + "Слово о книгах. " * 100 + "</p>", "excerpt": "Слово о книгах.", "words": 300}
    rows = [
        post
        | {"title": f"Запись {n}", "slug": f"post-{n}", "is_published": True}
        | {"published_at": at, "created_at": at, "updated_at": at}
        for n in range(1, POSTS + 1)
    ]
    with engine.begin() as connection:
        connection.execute(insert(Post), rows)
