"""README and docs: they name what exists, and every setting."""

import re
from pathlib import Path

import pytest

from mailer.config import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_readme_names_every_setting_and_no_other() -> None:
    table = re.search(r"^## Settings$(.*?)^## ", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert table
    rows = re.findall(r"^\| ((?:`[A-Z_]+` ?)+)", table[1], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(example)


def test_readme_names_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert "python3 run.py" in lines
    assert "python3 run.py test" in lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_no_picture_weighs_more_than_a_page_should() -> None:
    assert not [path.name for path in (ROOT / "docs").rglob("*.png") if path.stat().st_size > 200_000]
