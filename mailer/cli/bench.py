"""`flask bench`: measures sending, crashing, starting, pages and files on servers of its own, and prints a table."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from mailer.bench import parts, table, worker
from mailer.bench.running import BenchError
from mailer.bench.sizes import FULL, QUICK, TINY


@click.command("bench")
@click.argument("chosen", metavar="[PART]…", nargs=-1, type=click.Choice(list(parts.PARTS)))
@click.option("--quick", "mode", flag_value="quick", default=True, help="About a minute: enough to see (the default).")
@click.option("--full", "mode", flag_value="full", help="About half an hour: enough to believe.")
@click.option("--tiny", "mode", flag_value="tiny", hidden=True)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write all rounds there, too.")
def bench(chosen: tuple[str, ...], mode: str, file: Path | None) -> None:
    """Measure PARTs (all of them, when none is named) and say what is met.

    Everything runs on loopback, on a SQLite file and a PostgreSQL of its own in a folder that is removed. The
    app's own database and mail server are not touched.
    """
    sizes = {"quick": QUICK, "full": FULL, "tiny": TINY}[mode]
    facts = table.machine()
    click.echo(f"flask bench --{mode} on " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    measured = parts.measure(chosen or tuple(parts.PARTS), sizes, lambda line: click.echo(line, err=True))
    for sentence in measured.lacks:
        click.echo(sentence)
    click.echo(table.table(measured.figures))
    click.echo(table.verdict(measured.figures))
    if file is not None:
        file.write_text(table.as_json(measured.figures, measured.lacks, mode), "utf-8")
    if measured.failed:
        raise click.ClickException(f"These parts broke off: {', '.join(measured.failed)}.")


@click.command("bench-worker", hidden=True)
@with_appcontext
def bench_worker() -> None:
    """The measured process of `flask bench`; it reads jobs from standard input."""
    try:
        worker.answer(current_app._get_current_object())  # type: ignore[attr-defined]
    except BenchError as error:
        raise click.ClickException(str(error)) from None
