"""How a benchmark's figures are shown: a table for people, JSON for machines, and the machine they come from."""

import json
import os
import platform
import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from mailer.bench.figures import Figure, short

HEAD = ("part", "figure", "value", "spread", "receiver", "must", "aim", "note")


def table(figures: Sequence[Figure]) -> str:
    """As Markdown, which reads well in a terminal too."""
    rows = [HEAD, *map(_cells, figures)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def verdict(figures: Sequence[Figure]) -> str:
    """One sentence: how many of the musts are met, and which are not."""
    asked = [figure for figure in figures if figure.mark]
    missed = [figure for figure in asked if figure.mark and not figure.mark.is_met(figure.value)]
    if not missed:
        return f"All {len(asked)} musts of this run are met."
    names = "; ".join(f"{figure.part}: {figure.name}" for figure in missed)
    return f"{len(asked) - len(missed)} of {len(asked)} musts are met. Not met: {names}."


def as_json(figures: Sequence[Figure], lacks: Sequence[str], mode: str) -> str:
    """Everything that is in the table, and each round."""
    rows = [asdict(figure) | {"value": figure.value, "is_noisy": figure.is_noisy} for figure in figures]
    return json.dumps({"mode": mode, "machine": machine(), "lacks": list(lacks), "figures": rows}, indent=2)


def machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": f"{os.cpu_count()} × {_processor()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _cells(figure: Figure) -> tuple[str, ...]:
    must, aim = figure.mark.words(figure.value) if figure.mark else ("", "")
    spread = f"± {figure.spread / 2:.0%}" if len(figure.rounds) > 1 else ""
    load = "" if figure.receiver is None else f"{figure.receiver:.0%}"
    value = f"{short(figure.value)} {figure.unit}".strip()
    return (
        figure.part, figure.name, value, spread + (" noisy" if figure.is_noisy else ""), load, must, aim, figure.note
    )  # fmt: skip


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"


def _width(cell: str) -> int:
    return sum(not unicodedata.combining(char) for char in cell)
