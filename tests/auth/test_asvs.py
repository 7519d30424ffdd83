"""docs/asvs.md names tests that exist."""

import re

from mailer.config import ROOT

NAMED = re.compile(r"`(test_\w+)`")


def test_every_requirement_is_held_by_a_test_that_exists() -> None:
    named = set(NAMED.findall((ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 40
    assert {name for name in named if f"def {name}(" not in sources} == set()
