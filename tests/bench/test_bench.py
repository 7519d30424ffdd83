"""The command itself, with tiny sizes: it prints figures, and leaves nothing behind. No speed is judged here."""

import json
import tempfile
from pathlib import Path

import pytest
from flask import Flask

from mailer.bench.crash_scene import CONNECTIONS
from tests.support.processes import missing

PARTS = ["hot-path", "send", "crash"]


def test_parts_print_their_figures_and_leave_nothing_behind(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="b-", dir="/tmp") as home:
        Path(home).chmod(0o755)  # PostgreSQL's own user goes through it
        monkeypatch.setattr("mailer.bench.places.ROOF", home)
        file = tmp_path / "figures.json"
        result = app.test_cli_runner().invoke(args=["bench", *PARTS, "--tiny", "--json", str(file)])
        assert result.exit_code == 0, result.output
        assert list(Path(home).iterdir()) == []
    held = json.loads(file.read_text())
    assert held["mode"] == "tiny"
    values = {figure["name"]: figure["value"] for figure in held["figures"]}
    assert all(figure["name"] in result.output for figure in held["figures"])
    assert {figure["part"] for figure in held["figures"]} == set(PARTS)
    assert values["fill"] > 0
    assert values["SQLite"] > 0
    judge_the_kill(values, "SQLite")
    if any("PostgreSQL" in lack for lack in held["lacks"]):
        missing("PostgreSQL")
    judge_the_kill(values, "PostgreSQL")


def judge_the_kill(values: dict[str, float], database: str) -> None:
    """It struck, at a moment of chance; nothing is doubled, lost or untrue, and a letter per connection unknown."""
    assert values[f"{database}: kill -9 in mid-run"] == 1
    never = ("doubles", "lost", "lies: accepted, but no letter", "lies: a letter, but no row that may mean it")
    assert {name: values[f"{database}: {name}"] for name in never} == dict.fromkeys(never, 0)
    assert values[f"{database}: unanswered per kill, most"] <= CONNECTIONS


def test_an_unknown_part_is_refused_with_the_known_ones(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["bench", "everything"])
    assert result.exit_code == 2
    assert "hot-path" in result.output
