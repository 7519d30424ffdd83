"""docs/asvs.md names every requirement of levels 1 and 2, and tests that exist."""

import re
from collections.abc import Iterator

from mailer.config import ROOT

NAMED = re.compile(r"`(test_\w+)`")
ROW = re.compile(r"^\| (\d[\d.,– ]*|–) \| (.+) \| (.+) \|$", re.MULTILINE)
# chapter, section: how many requirements of levels 1 and 2 it has in 5.0.0; they come first in each
SECTIONS = {
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
}


def page() -> str:
    return (ROOT / "docs" / "asvs.md").read_text("utf-8")


def numbers(column: str) -> Iterator[str]:
    """The requirements of a row: `3.3.1–3.3.4, 3.5.1` are five."""
    for one in column.split(", "):
        first, _to, last = one.partition("–")
        section, _dot, begin = first.rpartition(".")
        for n in range(int(begin), int((last or first).rpartition(".")[2]) + 1):
            yield f"{section}.{n}"


def test_every_requirement_is_here_and_held() -> None:
    rows = ROW.findall(page())
    held = [number for column, _how, _by in rows if column != "–" for number in numbers(column)]
    sections = [(f"{chapter}.{one}", most) for chapter, those in SECTIONS.items() for one, most in those.items()]
    wanted = {f"{section}.{n}" for section, most in sections for n in range(1, most + 1)}
    assert wanted - set(held) == set()
    assert sorted(number for number in set(held) if held.count(number) > 1) == []
    bare = [
        column for column, _how, by in rows if not NAMED.search(by) and not by.startswith(("does not apply", "not met"))
    ]
    assert bare == []


def test_what_is_not_met_is_said_at_the_top() -> None:
    told = re.search(r"^Not met: (.+)\. In part: (.+)\.$", page(), re.MULTILINE)
    assert told
    rows = [(column, how, by) for column, how, by in ROW.findall(page()) if column != "–"]
    assert told[1].split(", ") == [n for column, _how, by in rows if by == "not met" for n in numbers(column)]
    assert told[2].split(", ") == [n for column, how, _by in rows if "Not met in part" in how for n in numbers(column)]


def test_every_requirement_is_held_by_a_test_that_exists() -> None:
    named = set(NAMED.findall(page()))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 100
    assert {name for name in named if f"def {name}(" not in sources} == set()
