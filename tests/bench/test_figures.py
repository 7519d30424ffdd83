"""What is asked of a figure, and how it is shown."""

import json

import pytest

from mailer.bench.figures import Figure, Mark, ratios, short
from mailer.bench.table import as_json, table, verdict

FAST = Figure("send", "SQLite ÷ source", (1.7, 1.9, 1.8), "×", Mark(1.6, 2.0), receiver=0.4)
SLOW = Figure("send", "PostgreSQL ÷ source", (1.0,), "×", Mark(1.2, 1.6))
DOUBLES = Figure("crash", "doubles", (1.0,), "", Mark(0, 0, at_most=True))


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert FAST.value == 1.8


def test_rounds_that_lie_far_apart_are_marked_as_noisy() -> None:
    assert not FAST.is_noisy
    assert Figure("send", "x", (1.0, 1.1, 2.0)).is_noisy
    assert "noisy" in table([Figure("send", "x", (1.0, 1.1, 2.0))])


def test_the_table_says_beside_each_figure_whether_must_and_aim_are_met() -> None:
    shown = table([FAST, SLOW]).splitlines()
    assert "≥ 1.60 met" in shown[2]
    assert "≥ 2 NOT MET" in shown[2]
    assert "40%" in shown[2]
    assert "≥ 1.20 NOT MET" in shown[3]


def test_the_verdict_names_what_is_not_met() -> None:
    assert verdict([FAST]) == "All 1 musts of this run are met."
    said = verdict([FAST, SLOW, DOUBLES])
    assert said.startswith("1 of 3 musts are met.")
    assert "PostgreSQL ÷ source" in said
    assert "doubles" in said


def test_what_was_measured_side_by_side_is_compared_side_by_side() -> None:
    assert ratios([4.0, 9.0], [2.0, 3.0]) == (2.0, 3.0)


def test_the_file_holds_every_round_and_the_machine() -> None:
    held = json.loads(as_json([FAST], ["nothing"], "quick"))
    assert held["figures"][0]["rounds"] == [1.7, 1.9, 1.8]
    assert held["machine"]["python"]
    assert held["lacks"] == ["nothing"]


@pytest.mark.parametrize(
    ("value", "words"), [(3.0, "3"), (0.5, "0.50"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_three_digits_are_enough(value: float, words: str) -> None:
    assert short(value) == words
